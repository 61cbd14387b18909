/** Runs that once went wrong, written out: seeds find other runs once the plans are drawn otherwise. */
import { describe, expect, test } from '@jest/globals';
import { type EventFault, type Plan, type PlannedEvent, type PlannedRecord, START } from './plan.ts';
import { simulate } from './world.ts';

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
  outboxMaxBytes: 1_000_000,
  clockMargin: null,
  beyondMargin: false,
  batch: 10,
  delay: 5,
  clocks: [0],
  faults: new Set(),
  rate: 0,
  events: [],
  only: null,
};

/** A record that gives out a message at once: nobody can decode it. */
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

describe('what once went wrong', () => {
  test('a clock that is set back by an hour holds up no commit', async () => {
    await goesRight({ records: [click(0, 500), click(1, 650)], events: [at(600, 'clock step', -60 * MINUTE)] });
  });

  test('folding goes on as soon as a full outbox is found to be published already', async () => {
    // Killed before it has written down that its messages are out; its successor finds them in the outbox.
    const records = [dead(0, 500), dead(1, 501), dead(2, 502), dead(3, 2_000)];
    await goesRight({ records, outboxMaxBytes: 1, events: [at(900, 'killed')] });
  });

  test('nothing is published twice where the database was set back and Kafka has lost the position as well', async () => {
    const records = [dead(0, 500), dead(1, 600), dead(2, 4_000)];
    await goesRight({ records, events: [at(1_500, 'database set back', 1_450), at(1_501, 'position expired')] });
  });

  test('a quiet partition notices that the database was set back', async () => {
    await goesRight({ records: [dead(0, 500)], events: [at(1_500, 'database set back', 1_450)] });
  });

  test('retention may delete the record folded last at any moment of a take-over', async () => {
    for (let when = 1_000; when < 1_150; when += 2) {
      const events = [at(1_000, 'store restarted', 1), at(when, 'retention')];
      await goesRight({ records: [click(0, 500), click(1, 999), click(2, 1_300)], delay: 50, events });
    }
  });
});
