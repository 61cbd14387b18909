import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { noCounts } from '../../src/core/changes.ts';
import { METRICS } from '../../src/metrics/declaration.ts';
import { metricsMarkdown } from '../../src/metrics/docs.ts';
import { Metrics } from '../../src/metrics/index.ts';
import { labelsOf, TYPES } from '../../src/metrics/kinds.ts';

const UNITS = ['seconds', 'bytes', 'records', 'messages', 'visits', 'partitions', 'rows'];
/** Gauges of yes or no, and positions, which have no unit. */
const UNITLESS = [
  'tidemark_info',
  'tidemark_workers',
  'tidemark_group_member',
  'tidemark_partition_running',
  'tidemark_next_offset',
];

describe('the declaration of metrics', () => {
  test('docs/METRICS.md follows from it; `npm run docs:metrics` writes it', () => {
    expect(readFileSync(new URL('../../docs/METRICS.md', import.meta.url), 'utf8')).toBe(metricsMarkdown());
  });

  test('all that is declared is shown, under its name, type and sentence, and nothing else is', async () => {
    const text = await new Metrics({ version: '0', reports: () => [], process: false }).text();
    const shown = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \1 (\S+)$/gm)].map(([, ...of]) => of);
    expect(shown).toEqual(METRICS.map(({ name, help, kind }) => [name, help, TYPES[kind]]));
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
  });

  test('names end with their base unit, and those of counters with _total', () => {
    const wrong = METRICS.filter(({ name, kind }) => {
      if (!/^tidemark_[a-z_]+$/.test(name)) return true;
      if (TYPES[kind] === 'counter') return !name.endsWith('_total');
      return !UNITLESS.includes(name) && !UNITS.some((unit) => name.endsWith(`_${unit}`));
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test('no label but the partition can take a value that is not declared', () => {
    const open = METRICS.flatMap((metric) =>
      labelsOf(metric).flatMap(([label, values]) => (values === null || values.length === 0 ? [label] : [])),
    );
    // The version has one value for each process.
    expect([...new Set(open)].sort()).toEqual(['partition', 'version']);
  });

  test('every counter of the folded state but the number of events is shown, each by one series', () => {
    const keys = METRICS.flatMap((metric) => (metric.kind === 'folded' ? metric.series.map(({ key }) => key) : []));
    expect(keys.sort()).toEqual(
      Object.keys(noCounts())
        .filter((key) => key !== 'events')
        .sort(),
    );
  });
});
