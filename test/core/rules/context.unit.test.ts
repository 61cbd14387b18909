import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PackedId } from '../../../src/core/memory/event-ids.ts';
import { applyEvents } from '../../../src/core/memory/folding.ts';
import { PendingEvents } from '../../../src/core/memory/pending-events.ts';
import { valuesWithOrigins } from '../../../src/core/memory/values-with-origins.ts';
import type { Visit } from '../../../src/core/memory/visit.ts';
import { contextEntries, contextParts } from '../../../src/core/rules/context.ts';
import type { ContextParts, TrackEvent } from '../../../src/core/rules/event.ts';
import { loadSettings, rulesOf } from '../../../src/settings/index.ts';
import { bareVisit } from '../../support/bare-visit.ts';

const RULES = rulesOf(loadSettings({ env: {} }).settings);
const T = 1_767_225_600_000;
const KEYS = ['device', 'extra', 'ip', 'location', 'page', 'user_agent', 'utm'];

describe('the entries of a context', () => {
  test('are in the order of their keys, whichever there are', () => {
    fc.assert(
      fc.property(fc.subarray(KEYS), (keys) => {
        const entries = contextEntries(contextParts(keys.map((key) => [key, `of ${key}`])));
        expect(entries).toEqual(keys.map((key) => [key, `of ${key}`]));
      }),
    );
  });

  test('taken apart and put together again are in the order in which they were put together first', () => {
    const keys = fc.uniqueArray(fc.oneof(fc.constantFrom(...KEYS), fc.string()));
    fc.assert(
      fc.property(keys, (of) => {
        const entries = contextEntries(contextParts(of.map((key) => [key, 0])));
        expect(new Set(entries.map(([key]) => key))).toEqual(new Set(of));
        expect(contextEntries(contextParts(entries))).toEqual(entries);
      }),
    );
  });
});

describe('a visit', () => {
  const rest = [
    ['device', { type: 'mobile' }],
    ['ip', '10.0.0.1'],
  ] as const;

  function event(t: number, parts: Partial<ContextParts>): TrackEvent {
    return {
      ...{ eventId: `e${t}`, sessionId: 's', debug: false, profileId: null, sourceId: null, type: 'a', t: T + t },
      ...{ page: null, referrer: null, utm: null, named: null, traits: [], properties: null },
      ...{ context: rest, contextPage: null, contextUtm: null, ...parts },
    };
  }

  function taken(events: readonly TrackEvent[]): Visit {
    const visit = bareVisit(T);
    const fresh = new PendingEvents();
    for (const each of events) fresh.add(visit, each, new PackedId().set(each.eventId));
    applyEvents(RULES, visit, fresh);
    return visit;
  }

  const path = (t: number) => ['page', { path: `/${t}` }] as const;

  test('keeps what its events have in common as it came, though page and UTM change and some come late', () => {
    const utm = ['utm', { source: 'mail' }] as const;
    const visit = taken([
      event(1, { contextPage: path(1), contextUtm: utm }),
      event(3, { contextPage: path(3) }),
      event(2, { contextPage: path(2) }),
    ]);
    expect(visit.context).toBe(rest);
    const stamps = valuesWithOrigins(visit).context.map(([key, { eventId, value }]) => [key, eventId, value]);
    expect(stamps).toEqual([
      ['device', 'e3', rest[0][1]],
      ['ip', 'e3', rest[1][1]],
      ['page', 'e3', path(3)[1]],
      ['utm', 'e1', utm[1]],
    ]);
  });

  test('never writes to what its events share', () => {
    const events = [
      event(1, {}),
      event(2, { context: [['ip', '10.0.0.2']] }),
      event(3, { context: [['extra', { a: 'b' }]] }),
    ];
    for (const order of [events, events.toReversed()]) {
      const visit = taken(order);
      expect(Object.fromEntries(contextEntries(visit))).toEqual({
        ...{ device: { type: 'mobile' }, ip: '10.0.0.2', extra: { a: 'b' } },
      });
      expect(events.map(({ context }) => context.length)).toEqual([2, 1, 1]);
    }
    expect(rest[1][1]).toBe('10.0.0.1');
  });
});
