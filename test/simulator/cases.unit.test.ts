/** Runs that once went wrong, written out: seeds find other runs once the plans are drawn otherwise. */
import { describe, expect, test } from '@jest/globals';
import { type EventFault, type Plan, type PlannedEvent, type PlannedRecord, START } from './plan.ts';
import { simulate } from './run.ts';

const MINUTE = 60_000;

const CALM: Plan = {
  seed: 1,
  config: {
    gap_ms: 1_000,
    out_of_orderness_ms: 100,
    arrival_grace_ms: 100,
    allowed_lateness_ms: MINUTE,
    max_age_ms: 10 * MINUTE,
    max_duration_ms: 10 * MINUTE,
    max_events: 100,
    future_tolerance_ms: MINUTE,
    ending_types: ['sign-out'],
    debug_session_ids: ['@debug'],
  },
  outputDebug: false,
  partitions: 1,
  records: [],
  hosts: 1,
  commitInterval: 50,
  commitMaxBytes: 1,
  idleBytes: 24_000,
  outboxMaxBytes: 1_000_000,
  clockMargin: null,
  outputs: { output: 1, 'dead-letter': 1, late: 1 },
  batchBytes: 1_000_000,
  patience: 3_000,
  transactionTimeout: 15_000,
  beyondMargin: false,
  batch: 10,
  delay: 5,
  clocks: [0],
  faults: new Set(),
  rate: 0,
  events: [],
  only: null,
};

/** A record that gives out a message at once: it cannot be decoded. */
function dead(offset: number, at: number): PlannedRecord {
  return { partition: 0, offset, timestamp: START + at, events: [null], at, end: offset + 1 };
}

function click(offset: number, at: number): PlannedRecord {
  const event = { event_id: `e${offset}`, session_id: 's', type: 'page-view', occurred_at: START + at };
  return { ...dead(offset, at), events: [event] };
}

function at(when: number, kind: EventFault, ms = 400): PlannedEvent {
  return { kind, at: when, ms, whom: 0 };
}

async function goesRight(plan: Partial<Plan>): Promise<void> {
  const faults = new Set((plan.events ?? []).map(({ kind }) => kind));
  const { failure, trace } = await simulate({ ...CALM, faults, ...plan }, null, true);
  expect(failure === null ? [] : trace).toEqual([]);
}

/** All begin after the group has given out its partition, which takes two seconds at most. */
describe('what once went wrong', () => {
  test('a clock that is set back by an hour holds up no commit', async () => {
    // Between the change and its commit, which waits a little for more.
    const settings = { commitInterval: 500, commitMaxBytes: 1_000_000 };
    await goesRight({ ...settings, records: [click(0, 3_000)], events: [at(3_050, 'clock step', -60 * MINUTE)] });
  });

  test('folding goes on as soon as a full outbox is found to be published already', async () => {
    // Killed before it has written down that its messages are out; its successor finds them in the outbox, and may have
    // the next record before it knows better.
    const records = [dead(0, 3_000), dead(1, 3_001), dead(2, 3_002), dead(3, 4_000)];
    for (let seed = 1; seed <= 20; seed++) {
      await goesRight({ seed, records, outboxMaxBytes: 1, delay: 50, events: [at(3_400, 'killed')] });
    }
  });

  test('nothing is published twice where the database was set back and Kafka has lost the position as well', async () => {
    const records = [dead(0, 3_000), dead(1, 3_100), dead(2, 8_000)];
    const events = [at(5_000, 'database set back', 2_500), at(5_001, 'position expired')];
    // Whether the position is asked for before or after the first commit is a matter of chance.
    for (let seed = 1; seed <= 20; seed++) await goesRight({ seed, records, delay: 50, events });
  });

  test('a quiet partition notices that the database was set back', async () => {
    await goesRight({ records: [dead(0, 3_000)], events: [at(5_000, 'database set back', 2_500)] });
  });

  test('retention may delete the record folded last at any moment of a take-over', async () => {
    // The commit of the third record finds out that its connection is gone.
    const records = [click(0, 3_000), click(1, 3_001), click(2, 4_000), click(3, 6_000)];
    for (let when = 4_000; when < 4_800; when += 5) {
      const events = [at(3_900, 'store restarted', 1), at(when, 'retention')];
      await goesRight({ records, delay: 50, events });
    }
  });

  test('a processor that was stopped while others folded and retention went on does not take that for a loss', async () => {
    const records = [click(0, 3_000), click(1, 6_000)];
    // Whose the partition is is a matter of chance.
    for (let seed = 1; seed <= 20; seed++) {
      await goesRight({
        seed,
        records,
        hosts: 2,
        clocks: [0, 0],
        events: [at(5_000, 'stopped and resumed', 10_000), at(14_000, 'retention')],
      });
    }
  });
});
