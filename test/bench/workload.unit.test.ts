import { describe, expect, test } from '@jest/globals';
import type { ProfileSums } from '../../bench/workload/answer.ts';
import { partitionOf } from '../../bench/workload/record.ts';
import { DEFAULT_SHAPE, LIVE_PACE, type Shape } from '../../bench/workload/shape.ts';
import { Traffic } from '../../bench/workload/traffic.ts';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['as it comes', { ...DEFAULT_SHAPE, events: 20_000 }],
  [
    'with a million visits open, in small',
    { ...DEFAULT_SHAPE, events: 30_000, perVisit: 3, lengths: 'same', hours: 0.25 },
  ],
  ['of one event a visit', { ...DEFAULT_SHAPE, events: 5_000, perVisit: 1 }],
  ['of the longest visits', { ...DEFAULT_SHAPE, events: 50_000, perVisit: 10_000, lengths: 'same' }],
  ['as it is written live', { ...DEFAULT_SHAPE, events: 20_000, hours: 1 / 900, pace: LIVE_PACE }],
];

interface Event {
  readonly arrival: number;
  readonly occurred: number;
  readonly session: number;
  readonly index: number;
}

function drawn(shape: Shape): { readonly events: Event[]; readonly traffic: Traffic } {
  const traffic = new Traffic(shape);
  const events: Event[] = [];
  while (traffic.next()) {
    const { arrival, occurred, session, index } = traffic;
    events.push({ arrival, occurred, session, index });
  }
  return { events, traffic };
}

/** The times of each visit's events, by nothing but the gap between the events of a session. */
function visitsOf(
  events: readonly Event[],
  gap = DEFAULT_SHAPE.pace.gap,
): { readonly session: number; readonly times: number[] }[] {
  return [...Map.groupBy(events, ({ session }) => session)].flatMap(([session, own]) => {
    const visits: { session: number; times: number[] }[] = [];
    for (const { occurred } of own.toSorted((a, b) => a.occurred - b.occurred)) {
      const last = visits.at(-1);
      if (last !== undefined && occurred - last.times.at(-1)! <= gap) last.times.push(occurred);
      else visits.push({ session, times: [occurred] });
    }
    return visits;
  });
}

function profileSums(visits: ReturnType<typeof visitsOf>): ProfileSums {
  const profiles = [...Map.groupBy(visits, ({ session }) => Math.floor(session / 3))];
  const events = (own: typeof visits) => own.reduce((sum, { times }) => sum + times.length, 0);
  return {
    profiles: profiles.length,
    visits: visits.length,
    events: events(visits),
    mixed: profiles.reduce((sum, [n, own]) => sum + ((n % 9_973) + 1) * (own.length + 3 * events(own)), 0),
  };
}

describe.each(SHAPES)('a workload %s', (_, shape) => {
  const { events, traffic } = drawn(shape);
  const { gap, longestStep, lateBy } = shape.pace;
  const visits = visitsOf(events, gap);

  test('says the right answer', () => {
    expect(traffic.answer.whole(0)).toEqual({
      events: shape.events,
      visits: visits.length,
      closing: 0,
      sessions: new Set(events.map(({ session }) => session)).size,
      duration: visits.reduce((sum, { times }) => sum + times.at(-1)! - times[0]!, 0),
      profiles: profileSums(visits),
    });
  });

  test('counts closing events as visits of sessions of their own', () => {
    const closing = Array.from({ length: 4 }, (_, i) => ({ session: traffic.sessions + i, times: [0] }));
    expect(traffic.answer.whole(4)).toMatchObject({
      visits: visits.length,
      profiles: profileSums([...visits, ...closing]),
    });
  });

  test('comes in the order of its arrival, late by less than the out-of-orderness', () => {
    expect(lateBy).toBeLessThan(gap - longestStep);
    if (gap === DEFAULT_RULES.gap) expect(lateBy).toBeLessThan(DEFAULT_RULES.outOfOrderness);
    for (const [i, { arrival, occurred }] of events.entries()) {
      if (i > 0 && arrival < events[i - 1]!.arrival) throw new Error(`event ${i} arrives before the one before it`);
      if (arrival < occurred || arrival - occurred >= lateBy)
        throw new Error(`event ${i} is ${arrival - occurred} ms late`);
    }
  });

  test('keeps visits below the caps, and sessions away until no event of theirs can be late', () => {
    const bySession = Map.groupBy(visits, ({ session }) => session);
    for (const [, own] of bySession) {
      for (const [i, { times }] of own.entries()) {
        expect(times.length).toBeLessThanOrEqual(DEFAULT_RULES.maxEvents);
        expect(times.at(-1)! - times[0]!).toBeLessThan(DEFAULT_RULES.maxDuration);
        if (i > 0) expect(times[0]! - own[i - 1]!.times.at(-1)!).toBeGreaterThan(2 * gap);
      }
    }
  });

  test('numbers the events of a session without a hole', () => {
    for (const [, own] of Map.groupBy(events, ({ session }) => session)) {
      expect(own.map(({ index }) => index).sort((a, b) => a - b)).toEqual(own.map((_, i) => i));
    }
  });

  test('is the same for the same seed, and another for another', () => {
    expect(drawn(shape).events).toEqual(events);
    expect(drawn({ ...shape, seed: 2 }).events).not.toEqual(events);
  });
});

test('about one visit in five is of a session that comes back, once sessions have been away for long enough', () => {
  const { events } = drawn({ ...DEFAULT_SHAPE, events: 100_000, hours: 24 });
  const visits = visitsOf(events);
  const sessions = new Set(events.map(({ session }) => session)).size;
  expect((visits.length - sessions) / visits.length).toBeGreaterThan(0.15);
  expect((visits.length - sessions) / visits.length).toBeLessThan(0.25);
});

test('sessions are spread evenly over partitions', () => {
  const counts = [0, 0, 0, 0];
  for (let session = 0; session < 40_000; session++) counts[partitionOf(session, 4)]! += 1;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
