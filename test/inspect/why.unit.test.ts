import { describe, expect, test } from '@jest/globals';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';
import type { EndingInput } from '../../src/inspect/ending.ts';
import { type Clocks, endingOf, type StateRules, span } from '../../src/inspect/index.ts';
import { whyEnded, whyMerged, whyOpen } from '../../src/inspect/why.ts';

const T0 = Date.UTC(2026, 10, 5, 12);
const MINUTE = 60_000;
const RULES: StateRules = { ...DEFAULT_RULES, clockMargin: 5_000 };
const CLOCKS: Clocks = { partition: 3, arrivalClock: T0, watermark: T0 - MINUTE, owned: true, nextOffset: 9 };
const VISIT: EndingInput = { startedAt: T0, lastEventAt: T0, lastArrival: T0, eventCount: 1, published: 0, seal: null };

function openVisit(given: Partial<EndingInput> = {}, clocks: Partial<Clocks> = {}, now = T0) {
  const visit = { ...VISIT, ...given };
  const ending = endingOf(visit, { ...CLOCKS, ...clocks }, RULES, now);
  return whyOpen({ partition: 3, ending, seal: visit.seal, revision: null, saidReason: null }, RULES, now);
}

describe('an open visit says', () => {
  test('when it ends if nothing comes, and what ends it sooner', () => {
    expect(openVisit()).toBe(
      'open; ends at 12:31:15 UTC if nothing comes, or before, once other events move the watermark past 12:30:00 UTC (it is at 11:59:00 UTC)',
    );
  });

  test('that only its grace is left, once the watermark is past its gap', () => {
    const clocks = { watermark: T0 + 31 * MINUTE, arrivalClock: T0 + 32 * MINUTE };
    expect(openVisit({ lastArrival: T0 + 32 * MINUTE }, clocks, T0 + 32 * MINUTE)).toBe(
      'open; ends at 12:32:15 UTC if nothing comes',
    );
  });

  test('not before its grace, where it came late', () => {
    expect(openVisit({ lastArrival: T0 + 40 * MINUTE }, {}, T0 + 40 * MINUTE)).toContain(
      'once other events move the watermark past 12:30:00 UTC, after 12:40:10 UTC (it is',
    );
  });

  test.each([
    ['explicit', 'an event of an ending type closed it; ends at 12:01:15 UTC'],
    ['max_duration', 'sealed: no visit may be longer than 1 day; ends at'],
    ['max_events', 'sealed: no visit may have more than 10,000 events; ends at'],
  ] as const)('what sealed it: %s', (seal, text) => {
    expect(openVisit({ seal })).toContain(text);
  });

  test('that its end is on its way, while a commit may still be', () => {
    expect(openVisit({}, {}, T0 + 31 * MINUTE + 15_001)).toBe('open; ends any moment: it was due at 12:31:10 UTC');
  });

  test('since when it is due, where the log is not folded so far', () => {
    expect(openVisit({}, {}, T0 + 60 * MINUTE)).toBe(
      'open; due since 12:31:10 UTC: partition 3 is folded up to 12:00:00 UTC',
    );
    expect(openVisit({}, {}, T0 + 86_400_000)).toContain('due since 2026-11-05 12:31:10 UTC');
  });
});

describe('an ended visit says', () => {
  const ended = {
    endedAt: T0,
    endReason: 'inactivity' as const,
    revision: 0,
    amendableUntil: T0 + MINUTE,
    endedBy: null,
  };

  test.each([
    [{}, '30 minutes without an event'],
    [{ endReason: 'explicit' as const, endedBy: 'sign-out' }, 'by its event sign-out'],
    [{ endReason: 'explicit' as const }, 'by an event of an ending type'],
    [{ endReason: 'max_duration' as const }, 'with the event after it, it would have been longer than 1 day'],
    [{ endReason: 'max_events' as const }, 'it held 10,000 events, the most that a visit may have'],
  ])('why, and until when it can change: %j', (given, text) => {
    expect(whyEnded({ ...ended, ...given }, CLOCKS, RULES, T0)).toBe(
      `ended at 12:00:00 UTC: ${text}; a late event can change it until the watermark is past 12:01:00 UTC`,
    );
  });

  test('that it can change no more, once the watermark is past that and not before', () => {
    const at = (watermark: number) => whyEnded(ended, { ...CLOCKS, watermark }, RULES, T0);
    expect(at(T0 + MINUTE)).toMatch(/a late event can change it/);
    expect(at(T0 + MINUTE + 1)).toMatch(/it can change no more: the watermark is past 12:01:00 UTC$/);
  });
});

test('a visit that was merged away before it was ever published has that in its sentence', () => {
  expect(whyMerged('v', null, T0)).toBe('merged into v by an event between the two, before it was ever published');
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [60_000, '1 minute'],
  [5_400_000, '1 hour 30 minutes'],
  [90_061_000, '1 day 1 hour'],
])('%d ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});
