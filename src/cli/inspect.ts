import { Command } from 'commander';
import type { Database, PageOf, SearchResult, StateRules } from '../inspect/index.ts';
import type { Settings } from '../settings/index.ts';
import { positiveWhole, wholeNumber } from './arguments.ts';
import { onDatabase } from './database.ts';
import { Failure } from './failure.ts';
import type { ExitCode, Io } from './io.ts';
import { settingsOf, withSettings } from './settings-options.ts';
import { profileText, sessionText } from './show/sums.ts';
import { visitText } from './show/visit.ts';
import { type Style, styleFor } from './style.ts';
import { visible } from './table.ts';

interface Options {
  readonly json?: boolean;
  readonly limit: number;
  readonly offset: number;
}

type What = 'visit' | 'session' | 'profile';

interface Kind<Report> {
  readonly what: What;
  readonly description: string;
  /** The list that --limit bounds. */
  readonly listed: string;
  readonly limit: number;
  readonly examples: string;
  readonly read: (database: Database, rules: StateRules, id: string, page: PageOf) => Promise<Report | null>;
  readonly show: (report: Report, style: Style) => string;
}

/** A command that shows one thing in full. */
function inspectCommand<Report>(kind: Kind<Report>, io: Io): Command {
  return withSettings(new Command(kind.what), ['database', 'log'])
    .description(kind.description)
    .argument('<id>', `id of the ${kind.what}`)
    .option('--limit <n>', `how many ${kind.listed} to show`, positiveWhole, kind.limit)
    .option('--offset <n>', `how many ${kind.listed} to pass over first`, wholeNumber, 0)
    .option('--json', 'print JSON, times in ms since the epoch')
    .addHelpText('after', kind.examples)
    .action(async (id: string, { json, limit, offset }: Options, command: Command) => {
      const { settings } = settingsOf(command, io);
      const { search, stateRules } = await import('../inspect/index.ts');
      await onDatabase(settings, `tidemark ${kind.what}`, async (client) => {
        const report = await kind.read(client, await stateRules(client, settings), id, { limit, offset });
        if (report === null) throw notFound(kind.what, id, await search(client, id, 5), settings);
        io.out(json ? `${JSON.stringify(report, null, 2)}\n` : kind.show(report, styleFor(io.terminal, io.env)));
      });
    });
}

/** Names where it was looked for, and where it may be. */
function notFound(what: What, id: string, like: SearchResult, settings: Settings): Failure {
  const { database, deadLetter, late } = settings;
  const places =
    what === 'visit'
      ? 'open, ended or merged into another'
      : `in a ${what === 'session' ? 'visit' : 'visit or a trait'}`;
  const lines = [`no ${what} ${visible(id)} in schema ${database.schema}: it was looked for ${places}`];
  const found = [
    ...like.visits.map((each) => `tidemark visit ${each}`),
    ...like.sessions.map((each) => `tidemark session ${visible(each)}`),
    ...like.profiles.map((each) => `tidemark profile ${visible(each)}`),
  ];
  if (found.length > 0) {
    lines.push('These begin so:', ...found.map((line) => `  ${line}`));
  } else {
    lines.push(
      'If its events were sent, they may be',
      '  not committed yet: `tidemark status` shows how far each partition is',
      `  refused: \`tidemark dead-letter list\` (topic ${deadLetter.topic})`,
      `  too late: \`tidemark late list\` (topic ${late.topic})`,
    );
  }
  return new Failure(1, lines.join('\n'));
}

export function visitCommand(io: Io, _finish: (code: ExitCode) => void): Command {
  return inspectCommand(
    {
      what: 'visit',
      description: 'one visit in full: its events, gaps and revisions, and why it ended or what it waits for',
      listed: 'events',
      limit: 200,
      examples: `
A visit that was merged into another says into which. Exits 1 if there is no visit of that id.

Examples:
  $ tidemark visit 01a208d8-fb2d-8191-97c7-c35c3f5a0f9b
  $ tidemark visit 01a208d8-fb2d-8191-97c7-c35c3f5a0f9b --json | jq -r .why
`,
      read: async (...asked) => (await import('../inspect/index.ts')).inspectVisit(...asked),
      show: visitText,
    },
    io,
  );
}

export function sessionCommand(io: Io, _finish: (code: ExitCode) => void): Command {
  return inspectCommand(
    {
      what: 'session',
      description: 'one session in full: its sums and its visits, the one that started last first',
      listed: 'visits',
      limit: 50,
      examples: `
Examples:
  $ tidemark session s-00709120-c7bb-4d28-ab74-a7b23a42c936
  $ tidemark session s-00709120-c7bb-4d28-ab74-a7b23a42c936 --json | jq -r '.visits.items[].why'
`,
      read: async (...asked) => (await import('../inspect/index.ts')).inspectSession(...asked),
      show: sessionText,
    },
    io,
  );
}

export function profileCommand(io: Io, _finish: (code: ExitCode) => void): Command {
  return inspectCommand(
    {
      what: 'profile',
      description: 'one profile in full: its sums, traits and visits, the one that started last first',
      listed: 'visits',
      limit: 50,
      examples: `
Examples:
  $ tidemark profile p-ada
  $ tidemark profile p-ada --limit 500 --json | jq '[.visits.items[].sessionId] | unique'
`,
      read: async (...asked) => (await import('../inspect/index.ts')).inspectProfile(...asked),
      show: profileText,
    },
    io,
  );
}
