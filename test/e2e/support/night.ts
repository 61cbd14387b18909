/** What an operator sees at night: the table of docs/OPERATIONS.md, and the four places that it names. */
import { readFileSync } from 'node:fs';
import { tidemark } from '../../cli/support/harness.ts';
import type { Program } from './program.ts';

/** A row. Each cell is the pieces of text that have to be there; none: it shows nothing. */
export interface Row {
  readonly what: string;
  readonly status: readonly RegExp[];
  readonly ready: readonly RegExp[];
  /** Name of the alert, and of what is waited for, where the alert has it. */
  readonly alert: { readonly name: string; readonly awaited: string | null };
  readonly log: readonly RegExp[];
}

/** What can be seen at one moment. */
export interface Tells {
  status(): Promise<string>;
  /** The reason of `/readyz`; empty: it is ready, or not there. */
  ready(): Promise<string>;
  /** Series of `/metrics` and their values; null: there is no process to scrape. */
  series(): Promise<ReadonlyMap<string, number> | null>;
  log(): string;
}

const HEADING = '## What one sees';

/** The rows of the table, in order. */
export function rowsOfRunbook(): Row[] {
  const text = readFileSync(new URL('../../../docs/OPERATIONS.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf(HEADING)).split('\n## ')[0]!;
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) => {
    const cells = line.slice(2).split(' | ');
    const name = /`(\w+)`(?: (\w+))?/.exec(cells[3]!)!;
    return {
      what: cells[0]!,
      status: pieces(cells[1]!),
      ready: pieces(cells[2]!),
      alert: { name: name[1]!, awaited: name[2] ?? null },
      log: pieces(cells[4]!),
    };
  });
}

/** `…` stands for anything; a backtick inside is doubled by none of them, and escaped in the table. */
function pieces(cell: string): RegExp[] {
  const plain = cell.replaceAll('\\`', '\u0000');
  return [...plain.matchAll(/`([^`]+)`/g)].map(([, piece]) => {
    const parts = piece!.replaceAll('\u0000', '`').split('…');
    return new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*'));
  });
}

/**
 * Which of the four do not say what the row has; none: all agree. Of the alert it is seen that what its rule compares is
 * there, and grows towards what it fires at: the rules themselves are tested by promtool.
 */
export async function silentOf(row: Row, tells: Tells): Promise<string[]> {
  const before = await tells.series();
  const status = await tells.status();
  const ready = await tells.ready();
  const after = await tells.series();
  const log = tells.log();
  const lacks = (found: string, wanted: readonly RegExp[]) => wanted.filter((piece) => !piece.test(found));
  const ofAlert = isRising(row.alert, before, after) ? [] : [`alert: ${row.alert.name}`];
  return [
    ...lacks(status, row.status).map((piece) => `status: ${piece}: ${status}`),
    ...lacks(ready, row.ready).map((piece) => `/readyz: ${piece}: ${ready}`),
    ...lacks(log, row.log).map((piece) => `log: ${piece}`),
    ...ofAlert,
  ];
}

type Series = ReadonlyMap<string, number> | null;

function isRising({ name, awaited }: Row['alert'], before: Series, after: Series): boolean {
  const of = (series: Series, prefix: string) =>
    [...(series ?? [])].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
  const sum = (series: Series, prefix: string) => of(series, prefix).reduce((all, value) => all + value, 0);
  switch (name) {
    case 'TidemarkPostgresSilent':
      return Math.max(...of(after, 'tidemark_store_call_seconds{'), 0) > 15;
    case 'TidemarkNoMember':
      return after !== null && sum(after, 'tidemark_group_member') === 0;
    case 'TidemarkPartitionsNotRunning':
      // No processor is there to report that a partition runs.
      return after === null || sum(after, 'tidemark_partition_running{') < sum(after, 'tidemark_input_partitions');
    case 'TidemarkPartitionWaiting': {
      const waiting = (series: Series) =>
        [...(series ?? [])].filter(
          ([key]) => key.startsWith('tidemark_partition_waiting_seconds{') && key.includes(`for="${awaited}"`),
        );
      const then = new Map(waiting(before));
      return waiting(after).some(([key, value]) => value > 2 && (then.get(key) ?? 0) > 0 && value > then.get(key)!);
    }
    default:
      throw new Error(`it is not known here how ${name} is seen to be on its way`);
  }
}

export function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

/** Of a process of the built program, and of `tidemark status` with the same settings. */
export function tellsOf(program: Program, env: NodeJS.ProcessEnv, skip: number): Tells {
  const get = async (path: string) => (program.ended === null ? await program.get(path).catch(() => null) : null);
  return {
    status: async () => {
      const { out, err } = await tidemark(['status', '--quick'], { env });
      return `${out}\n${err}`;
    },
    ready: async () => ((await (await get('/readyz'))?.json()) as { reason?: string } | undefined)?.reason ?? '',
    series: async () => {
      const answer = await get('/metrics');
      return answer === null ? null : seriesOf(await answer.text());
    },
    log: () =>
      [
        ...program
          .log()
          .slice(skip)
          .map(({ msg }) => msg),
        ...program.err,
      ].join('\n'),
  };
}
