import { Command, Option } from 'commander';
import { CONSUMER_GROUP, USES } from '../kafka/rights/declaration.ts';
import type { Settings } from '../settings/index.ts';
import { explain, Failure } from './failure.ts';
import type { ExitCode, Io } from './io.ts';
import { settingsOf, withSettings } from './settings-options.ts';
import type { Finding } from './setup/finding.ts';
import { asJson, asScript, type GrantOptions, grantsOf, name, uses } from './setup/grants.ts';

interface Options {
  readonly check?: boolean;
  readonly json?: boolean;
  readonly printGrants?: boolean;
}

export function setupCommand(io: Io, finish: (code: ExitCode) => void): Command {
  return withSettings(new Command('setup'), ['kafka', 'registry', 'database', 'input', 'log'])
    .description('make topics, schemas, tables and the reader role where they are missing; leave what exists as it is')
    .option('--check', 'change nothing; exit 1 if something is missing')
    .option('--json', 'print JSON')
    .addOption(
      new Option('--print-grants', 'only print what has to be granted, as a script; connects to nothing').conflicts(
        'check',
      ),
    )
    .option('--for <uses>', `with --print-grants: for whom, some of ${USES.join(',')} (default: all)`, uses)
    .option('--as <[use=]name>', 'with --print-grants: their names at the brokers, as often as needed', name)
    .option('--role <[use=]name>', 'with --print-grants: their roles in Postgres, as often as needed', name)
    .option('--consumer-group <name>', `with --print-grants: of the consumers (default: ${CONSUMER_GROUP})`)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options & GrantOptions, command: Command) => {
      const { settings } = settingsOf(command, io);
      if (!options.printGrants && (options.for ?? options.as ?? options.role ?? options.consumerGroup) !== undefined) {
        throw new Failure(2, '--for, --as, --role and --consumer-group tell what --print-grants prints: give that too');
      }
      if (options.printGrants) io.out(printed(grantsOf(settings, options), options));
      else finish(await setUp(settings, options, io));
    });
}

const EXAMPLES = `
A second run changes nothing. What exists and differs from what would have been made is said, and left. What may not be made
here is said with the SQL for an administrator, and exits 1.

Examples:
  $ tidemark setup
  $ tidemark setup --check
  $ tidemark setup --set topics.partitions=12 --set topics.replication_factor=3
  $ tidemark setup --print-grants --for setup,run --as setup=deployer --as run=tidemark
`;

function printed(grants: ReturnType<typeof grantsOf>, { json = false }: Options): string {
  return json ? asJson(grants) : asScript(grants);
}

async function setUp(settings: Settings, { check = false, json = false }: Options, io: Io): Promise<ExitCode> {
  const [{ setUpDatabase, setUpMeta }, { setUpTopics }, { setUpSchemas }, { findingLines }] = await Promise.all([
    import('./setup/database.ts'),
    import('./setup/topics.ts'),
    import('./setup/schemas.ts'),
    import('./setup/finding.ts'),
  ]);
  const found: Finding[] = [];
  let exitCode: ExitCode = 0;

  const database = await trySetUp(() => setUpDatabase(settings, check));
  show(database ?? []);
  const topics = await trySetUp(() => setUpTopics(settings, check, io));
  show(topics?.findings ?? []);
  const schemas = await trySetUp(() => setUpSchemas(settings, check));
  show(schemas?.findings ?? []);
  const hasTables = database?.every(({ state, what }) => state !== 'missing' || what.startsWith('role')) ?? false;
  if (hasTables && topics?.partitions != null && schemas?.outputSchemaId != null) {
    const { partitions } = topics;
    const { outputSchemaId } = schemas;
    const meta = await trySetUp(() => setUpMeta(settings, { partitions, outputSchemaId }, check));
    if (meta !== null) show([meta]);
    // The state was folded under other settings: run refuses these.
    if (meta?.state === 'differs') exitCode = Math.max(exitCode, check ? 1 : 2) as ExitCode;
  }
  // Without `check`, what is still missing has to be made by an administrator.
  if (exitCode === 0 && found.some(({ state }) => state === 'missing')) exitCode = 1;
  if (json) io.out(`${JSON.stringify(found, null, 2)}\n`);
  else if (exitCode === 0) io.out(summary(found, check));
  return exitCode;

  /** One part that is away does not keep the others from being set up. */
  async function trySetUp<T>(action: () => Promise<T>): Promise<T | null> {
    try {
      return await action();
    } catch (error) {
      const { level, format } = settings.log;
      const explained = explain(error, { debug: ['debug', 'trace'].includes(level), json: format === 'json' });
      io.err(explained.text);
      exitCode = Math.max(exitCode, explained.exitCode) as ExitCode;
      return null;
    }
  }

  function show(findings: readonly Finding[]): void {
    found.push(...findings);
    if (!json) for (const finding of findings) io.out(findingLines(finding));
  }
}

function summary(found: readonly Finding[], check: boolean): string {
  const made = found.filter(({ state }) => state === 'made').length;
  const differs = found.filter(({ state }) => state === 'differs').length;
  const others = `${differs} ${differs === 1 ? 'differs and is' : 'differ and are'} left so`;
  const left = differs === 0 ? '' : `; ${others}`;
  if (check) return `nothing is missing${left}\n`;
  return `${made === 0 ? 'nothing was missing' : `${made} made`}${left}\n`;
}
