import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyState, noCounts } from '../../src/core/changes.ts';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import {
  addId,
  type IdleMemory,
  idleMemory,
  mayMatter,
  StoredSummaries,
  SUMMARY_WORDS,
} from '../../src/core/memory/stored-summaries.ts';
import type { Visit } from '../../src/core/memory/visit.ts';
import { Partition } from '../../src/core/partition.ts';
import type { LogRecord, TrackEvent } from '../../src/core/rules/event.ts';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';
import { bareVisit } from '../support/bare-visit.ts';

const T = 1_767_225_600_000;
const HOUR = 3_600_000;
const { gap } = DEFAULT_RULES;
const source = { topic: 't', partition: 0 };

/** A fold with room for the summaries of sessions, and for no session that has nothing open. */
class Fold {
  readonly memory: IdleMemory = { ...idleMemory(1_000_000), maxBytes: 0 };
  readonly partition: Partition<null>;
  private offset = 0;

  constructor(open: Visit[] = []) {
    const state = { ...emptyState(), eventClock: T - HOUR, counts: { ...noCounts(), started: 1 } };
    this.partition = new Partition<null>(DEFAULT_RULES, source, state, open, this.memory);
    this.partition.beginFilter()!.use();
  }

  /** @returns what became of the event; null: its session has to be looked up first. */
  event(sessionId: string, eventId: string, t: number, arrival = t): string | null {
    const one = record(this.offset++, arrival, { sessionId, eventId, t });
    if (this.partition.prepare([one]) !== null) return null;
    const [outcome] = this.partition.fold(one);
    return outcome!.kind;
  }

  /** All visits before this time end, and what they were is committed. */
  at(t: number): void {
    this.event('clock', `at ${t}`, t);
    this.partition.endDue();
    this.partition.settle(this.partition.take().inCommit);
  }

  get inMemory(): string[] {
    return [...this.partition.visits()].map(({ sessionId }) => sessionId);
  }
}

function record(offset: number, timestamp: number, said: Partial<TrackEvent>): LogRecord<null> {
  const nothing = { profileId: null, sourceId: null, page: null, referrer: null, utm: null, named: null };
  const rest = {
    debug: false,
    type: 'page-view',
    context: [],
    contextPage: null,
    contextUtm: null,
    traits: [],
    properties: null,
  };
  const event = { ...nothing, ...rest, eventId: '', sessionId: '', t: timestamp, ...said };
  return { offset, timestamp, entries: [event], raw: null };
}

describe('a session that left memory', () => {
  function left(): Fold {
    const fold = new Fold();
    expect(fold.event('s', 'first', T)).toBe('started');
    fold.at(T + HOUR);
    expect(fold.inMemory).toEqual(['clock']);
    return fold;
  }

  test('is not looked up for its next visit', () => {
    const fold = left();
    expect(fold.event('s', 'next', T + gap + 1, T + HOUR)).toBe('started');
    expect(fold.event('s', 'more', T + gap + 2, T + HOUR)).toBe('joined');
  });

  test.each([
    ['exactly the gap behind a visit', T + gap],
    ['before all of its visits', T - HOUR],
  ])('is looked up for an event %s', (_, t) => {
    expect(left().event('s', 'other', t, T + HOUR)).toBeNull();
  });

  test('is looked up for an id that it had, whatever the time of the resend', () => {
    const fold = left();
    expect(fold.event('s', 'next', T + HOUR)).toBe('started');
    expect(fold.event('s', 'first', T + HOUR)).toBeNull();
  });

  test('is bounded by all of its visits, those before it left for the first time too', () => {
    const fold = left();
    expect(fold.event('s', 'second', T + HOUR)).toBe('started');
    fold.at(T + 2 * HOUR);
    expect(fold.inMemory).not.toContain('s');
    expect(fold.event('s', 'third', T + 2 * HOUR)).toBe('started');
    expect(fold.event('s', 'first', T + 2 * HOUR)).toBeNull();
    expect(fold.event('s', 'second', T + 2 * HOUR)).toBeNull();
    expect(fold.event('s', 'other', T + HOUR + gap, T + 2 * HOUR)).toBeNull();
  });

  test('without a new visit is bounded as before', () => {
    const fold = left();
    const late = T + HOUR + DEFAULT_RULES.futureTolerance + 1;
    expect(fold.event('s', 'from the future', late, T + HOUR)).toBe('dead');
    fold.at(T + 2 * HOUR);
    expect(fold.event('s', 'first', T + 2 * HOUR)).toBeNull();
    expect(fold.event('s', 'other', T + gap, T + 2 * HOUR)).toBeNull();
    expect(fold.event('s', 'next', T + 2 * HOUR)).toBe('started');
  });

  test('and was not known whole is looked up', () => {
    const open = bareVisit(T);
    open.stored = 'open';
    const fold = new Fold([open]);
    fold.at(T + HOUR);
    expect(fold.inMemory).toEqual(['clock']);
    expect(fold.event('s', 'next', T + HOUR)).toBeNull();
  });

  test('gives back its share of the memory in the end', () => {
    const fold = left();
    expect(fold.memory.summaryBytes).toBeGreaterThan(0);
    fold.partition.close();
    expect(fold.memory.summaryBytes).toBe(0);
  });
});

describe('summaries of sessions', () => {
  const summary = (until: number) => ({ until, ids: new Int32Array(SUMMARY_WORDS).fill(until) });
  const idOf = (text: string) => new PackedId().set(text);
  /** Every third id is no UUID. */
  const id = (i: number) => idOf(i % 3 === 0 ? `s${i}` : `00000000-0000-4000-8000-${`${i}`.padStart(12, '0')}`);

  test('are those of the sessions put last, as far as their memory goes', () => {
    const memory = { ...idleMemory(0), maxSummaryBytes: 5_000 };
    const summaries = new StoredSummaries(memory);
    for (let i = 0; i < 1_000; i++) summaries.put(id(i), summary(i));
    expect(memory.summaryBytes).toBeLessThanOrEqual(5_000);
    const kept = Array.from({ length: 1_000 }, (_, i) => summaries.take(id(i))).flatMap((one) => one ?? []);
    expect(kept.length).toBeGreaterThan(10);
    expect(kept).toEqual(kept.map((_, i) => summary(1_000 - kept.length + i)));
  });

  test('are taken once, and leave room', () => {
    const summaries = new StoredSummaries(idleMemory(10_000));
    for (let i = 0; i < 1_000; i++) {
      summaries.put(id(i), summary(i));
      expect(summaries.take(id(i))).toEqual(summary(i));
      expect(summaries.take(id(i))).toBeNull();
    }
  });

  test('are found though they are far fewer than the slots', () => {
    const summaries = new StoredSummaries(idleMemory(2_000_000));
    const texts = Array.from({ length: 3_000 }, () => crypto.randomUUID());
    for (const [i, text] of texts.entries()) {
      summaries.put(idOf(text), { until: i, ids: new Int32Array(SUMMARY_WORDS) });
      // A few stay, wherever they are.
      if (i % 100 !== 99) expect(summaries.take(idOf(text))?.until).toBe(i);
    }
    expect(texts.flatMap((text) => summaries.take(idOf(text))?.until ?? [])).toEqual(
      Array.from({ length: 30 }, (_, i) => i * 100 + 99),
    );
  });

  test('come and go in any order, and none is taken for another', () => {
    const turn = fc.tuple(fc.nat({ max: 30 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 200, size: 'max' }), (turns) => {
        const summaries = new StoredSummaries(idleMemory(100_000));
        const put = new Map<number, number>();
        for (const [at, [i, isPut]] of turns.entries()) {
          expect(summaries.take(id(i))?.until).toBe(put.get(i));
          put.delete(i);
          if (!isPut) continue;
          summaries.put(id(i), summary(at));
          put.set(i, at);
        }
      }),
    );
  });

  test('are none where there is no memory', () => {
    const summaries = new StoredSummaries(idleMemory(0));
    summaries.put(id(1), summary(1));
    expect(summaries.take(id(1))).toBeNull();
  });
});

test.each([
  ['ten', 10, 2],
  ['thirty', 30, 100],
])('of %s ids each is known again, and hardly any other is taken for one', (_, count, most) => {
  const summary = { until: 0, ids: new Int32Array(SUMMARY_WORDS) };
  const id = (i: number) => new PackedId().set(`${i.toString(16).padStart(8, '0')}-0000-7000-8000-000000000000`);
  for (let i = 0; i < count; i++) addId(summary.ids, id(i));
  for (let i = 0; i < count; i++) expect(mayMatter(summary, 1, id(i))).toBe(true);
  let mistaken = 0;
  for (let i = count; i < 50_000; i++) if (mayMatter(summary, 1, id(i))) mistaken += 1;
  expect(mistaken).toBeLessThanOrEqual(most);
});
