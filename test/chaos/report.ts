import { isRight } from '../support/verdict/compare.ts';
import type { Standstill } from './progress.ts';
import type { Struck } from './schedule.ts';
import type { Verdict } from './verdict.ts';

export interface Outcome {
  readonly struck: readonly Struck[];
  readonly verdict: Verdict;
  /** Those that were seen, on connections that can be read: all, and those of several topics among them. */
  readonly transactions: { readonly all: number; readonly spanning: number };
  readonly all: Standstill;
  readonly one: Standstill;
  /** As `one`, without the time in which no processor could have gone on. */
  readonly needless: Standstill;
  /** Longest time from the last fault of a wave being mended until every partition went on, ms. */
  readonly recovery: number;
  readonly anticipations: number;
  /** How often a processor did not start, or ended, because a right, a password or a topic was not as it should be. */
  readonly refusals: number;
  readonly drained: number;
  /** Partitions that are not drained when that has taken too long. */
  readonly stuck: readonly string[];
  /** What went wrong beside the comparison. */
  readonly complaints: readonly string[];
}

export function isPassed({ verdict, complaints }: Outcome): boolean {
  return verdict.compared.every(isRight) && verdict.anticipationsWrong === 0 && complaints.length === 0;
}

/** The tables that a run ends with. */
export function report(outcome: Outcome): string {
  const { struck, verdict, transactions, all, one, needless, recovery, anticipations, refusals, drained } = outcome;
  const { stuck, complaints } = outcome;
  const kinds = Map.groupBy(struck, ({ kind }) => kind);
  const inside = (faults: readonly Struck[]) => faults.filter((fault) => fault.inside.length > 0).length;
  const faults = [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, own]) => [kind, own.length, inside(own)] as const);
  const { counts } = verdict;
  const sum = (of: 'lost' | 'doubled' | 'different' | 'disordered') =>
    verdict.compared.reduce((total, one) => total + one[of], 0);
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return [
    table(
      ['fault', 'times', 'inside a commit or transaction'],
      [...faults, ['all', struck.length, inside(struck)] as const],
    ),
    table(
      ['compared with the reference', 'expected', 'lost', 'doubled', 'different', 'out of order'],
      verdict.compared.map((it) => [it.what, it.expected, it.lost, it.doubled, it.different, it.disordered]),
    ),
    table(
      ['sum', ''],
      [
        ['faults', struck.length],
        ['  of them inside a commit or transaction', inside(struck)],
        ['records', verdict.records],
        ['events', verdict.events],
        ['  duplicates', counts.duplicate ?? 0],
        ['  late', counts.late ?? 0],
        ['visits', verdict.visits],
        ['messages', verdict.messages],
        ['transactions seen', transactions.all],
        ['  of them of several topics', share(transactions.spanning, transactions.all)],
        ['lost', sum('lost')],
        ['doubled', sum('doubled')],
        ['different', sum('different')],
        ['out of order', sum('disordered')],
        ['anticipations seen', anticipations],
        ['anticipations wrong', verdict.anticipationsWrong],
        ['longest time without progress, all partitions', seconds(all.ms)],
        ['longest time without progress, one partition', seconds(one.ms)],
        ['  without the times in which nobody could go on', seconds(needless.ms)],
        ['longest time from mended faults to progress everywhere', seconds(recovery)],
        ['time to drain after the last fault', seconds(drained)],
        ['partitions stuck', stuck.length],
        ['refused to start or to go on, as it should', refusals],
        ['complaints', complaints.length],
      ],
    ),
    ...verdict.compared.flatMap(({ examples }) => examples),
    ...complaints,
  ].join('\n');
}

function share(some: number, all: number): string {
  return all === 0 ? '0' : `${some.toLocaleString('en')} (${Math.round((100 * some) / all)} %)`;
}

type Cell = string | number;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.toLocaleString('en')));
  const widths = head.map((_, i) => Math.max(...lines.map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return [line(lines[0]!), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1).map(line), ''].join(
    '\n',
  );
}
