import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import type { PartitionReport } from '../../src/ports/observer.ts';
import { lagAge, ProgressReporter } from '../../src/processor/progress.ts';
import { Outage } from '../../src/time/outage.ts';

const NOW = 10_000_000;

const report = (given: Partial<PartitionReport>) =>
  ({ nextOffset: 90, end: 100, arrivalClock: NOW, drainedAt: null, waits: [], ...given }) as PartitionReport;

function log() {
  const lines: { level: number; msg: string; [field: string]: unknown }[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { logger, lines, messages: () => lines.map(({ msg }) => msg) };
}

describe('how old what is not folded may be', () => {
  test.each([
    ['nothing is left', { nextOffset: 100, arrivalClock: 0 }, 0],
    ['the end is not known', { end: null }, null],
    ['nothing was ever folded', { arrivalClock: null }, null],
    ['it is behind', { arrivalClock: NOW - 60_000 }, 60_000],
    ['it was drained since the last record', { arrivalClock: NOW - 60_000, drainedAt: NOW - 250 }, 250],
    ["the brokers' clock is ahead", { arrivalClock: NOW + 5_000 }, 0],
  ])('%s', (_, given, age) => {
    expect(lagAge(report(given), NOW)).toBe(age);
  });
});

describe('what is logged of a partition', () => {
  test('that it stands still, and why, once a wait is long; and that it goes on', () => {
    const { logger, lines, messages } = log();
    const progress = new ProgressReporter(logger);
    const waits = [{ for: 'registry', since: NOW, why: 'waits for the schema registry: no answer' }] as const;
    progress.watch(report({ waits }), NOW + 9_999);
    expect(messages()).toEqual([]);
    progress.watch(report({ waits }), NOW + 10_000);
    progress.watch(report({ waits }), NOW + 20_000);
    expect(messages()).toEqual(['stands still: waits for the schema registry: no answer']);
    progress.watch(report({}), NOW + 30_000);
    progress.watch(report({}), NOW + 30_250);
    expect(messages().slice(1)).toEqual(['goes on']);
    expect(lines[1]).toMatchObject({ offset: 90, ms: 30_000 });
  });

  test('of short waits, one after the other, nothing', () => {
    const { logger, messages } = log();
    const progress = new ProgressReporter(logger);
    for (let at = NOW; at < NOW + 60_000; at += 5_000)
      progress.watch(report({ arrivalClock: at, waits: [{ for: 'store', since: at, why: 'waits' }] }), at + 4_000);
    expect(messages()).toEqual([]);
  });

  test('that there is a backlog, once, and that it has caught up', () => {
    const { logger, lines, messages } = log();
    const progress = new ProgressReporter(logger);
    for (const arrivalClock of [NOW - 3_600_000, NOW - 1_800_000, NOW - 30_000])
      progress.watch(report({ arrivalClock }), NOW);
    progress.watch(report({ nextOffset: 100 }), NOW);
    progress.watch(report({ nextOffset: 100 }), NOW);
    expect(messages()).toEqual(['behind: there is a backlog to fold', 'caught up']);
    expect(lines.map(({ offset }) => offset)).toEqual([90, 100]);
  });
});

test('an outage has a line when it begins, one every minute, and one when it is over, with how long it took', () => {
  const { logger, lines } = log();
  let now = 0;
  const outage = new Outage({ elapsed: () => now }, logger);
  outage.over('works');
  for (; now < 150_000; now += 1_000) outage.failed({ err: 'no' }, 'fails');
  outage.over('works');
  outage.over('works');
  const { warn, info } = pino.levels.values as { warn: number; info: number };
  const shown = lines.filter(({ level }) => level >= info);
  expect(shown.map(({ level, msg }) => [level, msg])).toEqual([
    ...[0, 60, 120].map(() => [warn, 'fails']),
    [info, 'works'],
  ]);
  expect(shown.at(-1)).toMatchObject({ ms: 150_000, times: 150 });
});
