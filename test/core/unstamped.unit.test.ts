import { expect, test } from '@jest/globals';
import type { PlainEvent } from '../reference/decode.ts';
import { reference } from '../reference/reference.ts';
import { rulesOf, type Scenario, stepsOf } from '../reference/scenario.ts';
import { expectSame } from './support/compare.ts';
import { drive, SOURCE, type Turn } from './support/drive.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T = Date.UTC(2026, 0, 1);

/** Nothing of a session that has nothing open stays in memory. */
const FORGETFUL: Turn = {
  ...{ ahead: 1, landing: 'not', commit: 'done', crash: 'commit landed', endAtMost: 0, filter: 'none', idleBytes: 0 },
};

function event(session_id: string, event_id: string, occurred_at: number): PlainEvent {
  return { session_id, event_id, type: 'page-view', occurred_at };
}

async function answered(log: Scenario['log'], config: Scenario['config'], appendTime = true) {
  const rules = { ...rulesOf(config), appendTime };
  const steps = stepsOf(log);
  const answer = reference(rules, SOURCE, steps);
  expectSame(
    await drive(
      rules,
      steps,
      log.map(() => FORGETFUL),
    ),
    answer,
  );
  return answer;
}

test('a frozen visit is found although the record that opened it bears a stamp of long ago', async () => {
  const log: Scenario['log'] = [
    { arrives: T, event: event('other', 'e0', T) },
    // A producer that stamps nothing.
    { arrives: 0, stamped: false, event: event('s', 'e1', T) },
    { arrives: T + 9 * HOUR, event: event('other', 'e2', T + 9 * HOUR) },
    { arrives: T + 9 * HOUR + 1, event: event('s', 'e3', T + 5 * MINUTE) },
  ];
  const { outcomes } = await answered(log, {
    gap_ms: 10 * MINUTE,
    allowed_lateness_ms: HOUR,
    max_age_ms: 24 * HOUR,
    max_duration_ms: HOUR,
  });
  expect(outcomes.map(({ fate }) => fate)).toEqual(['started', 'started', 'started', 'late']);
});

test('where producers are to stamp the records, their stamps move the clocks', async () => {
  const log: Scenario['log'] = [
    { arrives: T, event: event('s', 'e0', T) },
    { arrives: T + HOUR, stamped: false, event: event('s', 'e1', T + HOUR) },
  ];
  const { arrivalClock, eventClock, counts } = await answered(log, {}, false);
  expect([arrivalClock, eventClock, counts.unstamped]).toEqual([T + HOUR, T + HOUR, 0]);
});

test('what is said of a record that the broker did not stamp is told of it, and not of its own stamp', async () => {
  const log: Scenario['log'] = [
    { arrives: T, event: event('s', 'e0', T) },
    { arrives: Date.UTC(2100, 0, 1), stamped: false, event: event('s', 'e1', T + HOUR) },
  ];
  const { emissions } = await drive(rulesOf({}), stepsOf(log));
  expect(emissions).toEqual([
    expect.objectContaining({
      reason: 'future',
      error: expect.stringMatching(/3600000 ms ahead of the brokers' last stamp, /),
    }),
  ]);
});
