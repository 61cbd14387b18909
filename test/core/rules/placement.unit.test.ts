import { describe, expect, test } from '@jest/globals';
import { type Placement, place } from '../../../src/core/rules/placement.ts';
import type { Span } from '../../../src/core/rules/span.ts';
import { B, ended, G, L, MAX_DURATION, MAX_EVENTS, RULES, session, span } from './spans.ts';

/** A copy, for a placement is valid until the next one only. */
function placed(
  visits: readonly Span[],
  t: number,
  others: { type?: string; watermark?: number; rules?: typeof RULES } = {},
) {
  const { type = 'page-view', watermark = null, rules = RULES } = others;
  return { ...place(rules, session(...visits), { t, type }, null, watermark) };
}

const START: Placement<Span> = { kind: 'start', seal: null, refused: null };
const joins = (visit: Span): Placement<Span> => ({ kind: 'join', visit, refused: null });

describe('a duplicate', () => {
  test('is what it is wherever its time lies', () => {
    const visit = span(1_000, 1_010);
    const elsewhere = { t: 9_000, type: 'page-view' };
    expect(place(RULES, session(visit), elsewhere, visit, null)).toEqual({ kind: 'duplicate', visit });
  });
});

describe('the candidates of an event', () => {
  test('are the visit whose first to last event spans it, its ends included', () => {
    const [before, visit, after] = [span(800, 900), span(1_000, 1_100), span(1_200, 1_300)];
    for (const t of [1_000, 1_050, 1_100]) expect(placed([before, visit, after], t)).toEqual(joins(visit));
  });

  test('are the visit that spans it, sealed or not', () => {
    const visit = span(1_000, 1_100, { seal: 'explicit' });
    expect(placed([visit], 1_100)).toEqual(joins(visit));
  });

  test('are the nearest visit before, exactly the gap included', () => {
    const [far, near] = [span(700, 710), span(1_000, 1_010)];
    expect(placed([far, near], 1_010 + G)).toEqual(joins(near));
    expect(placed([far, near], 1_010 + G + 1)).toEqual(START);
  });

  test('are the nearest visit after, exactly the gap included', () => {
    const [near, far] = [span(1_000, 1_010), span(1_300, 1_310)];
    expect(placed([near, far], 1_000 - G)).toEqual(joins(near));
    expect(placed([near, far], 1_000 - G - 1)).toEqual(START);
  });

  test('are not a visit before that is sealed as explicit, whatever comes after', () => {
    const sealed = span(1_000, 1_010, { seal: 'explicit' });
    const after = span(1_050, 1_060);
    expect(placed([sealed], 1_011)).toEqual(START);
    expect(placed([sealed, after], 1_011)).toEqual(joins(after));
  });

  test.each(['max_duration', 'max_events'] as const)(
    'are a visit before that is sealed by a cap only where another visit of the session starts after: %s',
    (seal) => {
      const sealed = span(1_000, 1_010, { seal });
      expect(placed([sealed], 1_011)).toEqual(START);
      const farAfter = span(1_011 + G + 1, 1_500);
      expect(placed([sealed, farAfter], 1_011)).toEqual(joins(sealed));
    },
  );

  test('are a visit after, whatever its seal', () => {
    const sealed = span(1_000, 1_010, { seal: 'explicit' });
    expect(placed([sealed], 999)).toEqual(joins(sealed));
  });

  test('are both sides', () => {
    const [before, after] = [span(1_000, 1_010), span(1_010 + 2 * G, 1_300)];
    expect(placed([before, after], 1_010 + G)).toEqual({ kind: 'merge', before, after });
  });
});

describe('an event of an ending type behind an end that one made', () => {
  const sealed = span(1_000, 1_010, { seal: 'explicit' });
  const type = 'visit-ended';

  test('has that visit for its only candidate no more than B after it', () => {
    const after = span(1_010 + B + 1, 1_100);
    expect(placed([sealed, after], 1_010 + B, { type })).toEqual(joins(sealed));
    expect(placed([sealed], 1_010 + B + 1, { type })).toEqual(START);
    expect(placed([sealed, after], 1_010 + B)).toEqual(joins(after));
  });

  test('and no more than G, where that is less', () => {
    const rules = { ...RULES, gap: B - 2 };
    expect(placed([sealed], 1_010 + B - 2, { type, rules })).toEqual(joins(sealed));
    expect(placed([sealed], 1_010 + B - 1, { type, rules })).toEqual(START);
  });

  test('starts a visit where the nearest visit before was sealed by a cap', () => {
    expect(placed([span(1_000, 1_010, { seal: 'max_events' })], 1_011, { type })).toEqual(START);
  });

  test('looks at the nearest visit before, and at no other', () => {
    const near = span(1_012, 1_012, { eventCount: 1, seal: 'max_events' });
    expect(placed([sealed, near], 1_013, { type })).toEqual(START);
  });
});

describe('an event with a frozen candidate is late', () => {
  const frozen = ended(1_000, 1_010);
  const watermark = 1_010 + G + L + 1;

  test('before it, after it, and in it', () => {
    const late = { kind: 'late', visit: frozen };
    expect(placed([frozen], 1_010 + G, { watermark })).toEqual(late);
    expect(placed([frozen], 1_005, { watermark })).toEqual(late);
    expect(placed([frozen], 1_000 - G, { watermark })).toEqual(late);
  });

  test('where one of two is frozen', () => {
    const open = span(1_050, 2_000);
    expect(placed([frozen, open], 1_040, { watermark })).toEqual({ kind: 'late', visit: frozen });
    const earlier = span(980, 990);
    expect(placed([earlier, frozen], 995, { watermark })).toEqual({ kind: 'late', visit: frozen });
  });

  test('but joins one that the watermark has not passed yet', () => {
    expect(placed([frozen], 1_005, { watermark: watermark - 1 })).toEqual(joins(frozen));
  });

  test('but starts a visit beside one that is no candidate', () => {
    expect(placed([frozen], 1_010 + G + 1, { watermark })).toEqual(START);
  });
});

describe('caps', () => {
  test('a join from outside the span must keep the visit within max_duration', () => {
    const visit = span(1_000, 1_000 + MAX_DURATION - 50);
    expect(placed([visit], 1_000 + MAX_DURATION)).toEqual(joins(visit));
    expect(placed([visit], 1_000 + MAX_DURATION + 1)).toEqual({
      ...START,
      refused: { visit, seal: 'max_duration' },
    });
  });

  test('a join from outside the span must keep the visit within max_events', () => {
    const room = span(1_000, 1_010, { eventCount: MAX_EVENTS - 1 });
    const none = span(1_000, 1_010, { eventCount: MAX_EVENTS });
    expect(placed([room], 1_011)).toEqual(joins(room));
    expect(placed([none], 1_011)).toEqual({ ...START, refused: { visit: none, seal: 'max_events' } });
  });

  test('max_duration comes before max_events', () => {
    const visit = span(1_000, 1_000 + MAX_DURATION, { eventCount: MAX_EVENTS });
    expect(placed([visit], 1_001 + MAX_DURATION)).toEqual({ ...START, refused: { visit, seal: 'max_duration' } });
  });

  test('an event that a cap keeps from the visit after it starts a visit that is sealed', () => {
    const visit = span(1_000, 1_010, { eventCount: MAX_EVENTS });
    expect(placed([visit], 999)).toEqual({ ...START, seal: 'max_events' });
    const long = span(1_000, 1_000 + MAX_DURATION);
    expect(placed([long], 999)).toEqual({ ...START, seal: 'max_duration' });
  });

  test('a merge must keep the visit within max_duration', () => {
    const before = span(1_000, 1_010);
    const within = span(1_100, 1_000 + MAX_DURATION);
    expect(placed([before, within], 1_050)).toEqual({ kind: 'merge', before, after: within });
    const beyond = span(1_100, 1_001 + MAX_DURATION);
    expect(placed([before, beyond], 1_050)).toEqual({
      ...joins(before),
      refused: { visit: before, seal: 'max_duration' },
    });
  });

  test('a merge must keep the visit within max_events, the event counted', () => {
    const before = span(1_000, 1_010);
    const within = span(1_100, 1_200, { eventCount: MAX_EVENTS - 3 });
    expect(placed([before, within], 1_050)).toEqual({ kind: 'merge', before, after: within });
    const beyond = span(1_100, 1_200, { eventCount: MAX_EVENTS - 2 });
    expect(placed([before, beyond], 1_050)).toEqual({
      ...joins(before),
      refused: { visit: before, seal: 'max_events' },
    });
  });

  test('of two refused candidates the one after takes the event where the one before cannot', () => {
    const before = span(1_000, 1_010, { eventCount: MAX_EVENTS });
    const after = span(1_100, 1_200);
    expect(placed([before, after], 1_050)).toEqual({ ...joins(after), refused: { visit: before, seal: 'max_events' } });
  });

  test('where neither can, the event starts a visit, sealed, and the one before is sealed', () => {
    const before = span(1_000, 1_010, { eventCount: MAX_EVENTS });
    const after = span(1_100, 1_100 + MAX_DURATION);
    expect(placed([before, after], 1_050)).toEqual({
      ...{ kind: 'start', seal: 'max_duration' },
      refused: { visit: before, seal: 'max_duration' },
    });
  });

  test('within its span a visit takes up to twice max_events, and then no event', () => {
    const room = span(1_000, 1_100, { eventCount: 2 * MAX_EVENTS - 1 });
    expect(placed([room], 1_050)).toEqual(joins(room));
    const full = span(1_000, 1_100, { eventCount: 2 * MAX_EVENTS });
    expect(placed([full], 1_050)).toEqual({ kind: 'full', visit: full });
  });
});

describe('an event without a candidate', () => {
  test('starts a visit, however old it is', () => {
    expect(placed([], 1)).toEqual(START);
    expect(placed([span(1_000_000, 1_000_010)], 1, { watermark: 900_000 })).toEqual(START);
  });

  test('starts a visit between two that are further than the gap', () => {
    expect(placed([span(1_000, 1_010), span(1_500, 1_510)], 1_200)).toEqual(START);
  });
});

test('among many visits the nearest are found', () => {
  const visits = Array.from({ length: 9 }, (_, i) => span(i * 1_000, i * 1_000 + 10));
  for (const visit of visits) {
    expect(placed(visits, visit.startedAt)).toEqual(joins(visit));
    expect(placed(visits, visit.lastEventAt + G)).toEqual(joins(visit));
    expect(placed(visits, visit.startedAt - G)).toEqual(joins(visit));
    expect(placed(visits, visit.lastEventAt + 400)).toEqual(START);
  }
});
