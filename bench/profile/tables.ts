/** A profile's summary as tables. */
import { markdown } from '../report/table.ts';
import { PHASES } from './phases.ts';
import type { Summary } from './summary.ts';

/** @param cpu seconds of all threads, as the kernel counts them, dealt out by the shares. @param events of the run. */
export function phaseTable({ busy, phases }: Summary, cpu: number | null, events: number): string {
  const perMillion = (share: number) => (cpu === null ? '—' : ((share * cpu) / (events / 1e6)).toFixed(2));
  const row = (name: string, share: number) => [name, `${(100 * share).toFixed(1)} %`, perMillion(share)];
  return markdown(
    ['phase', 'share', 'CPU s per million'],
    [...PHASES.map((phase) => row(phase, phases[phase] / busy)), row('all', 1)],
  );
}

export function functionTable({ busy, functions, files }: Summary, most = 40): string {
  const top = (sums: ReadonlyMap<string, number>, count: number) =>
    [...sums]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name, seconds]) => [name, `${((100 * seconds) / busy).toFixed(1)} %`, seconds.toFixed(2)]);
  const head = (what: string) => [what, 'self', 'seconds'];
  return [markdown(head('function'), top(functions, most)), markdown(head('file'), top(files, most / 2))].join('\n\n');
}
