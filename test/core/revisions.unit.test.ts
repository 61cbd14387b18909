import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import type { Revision } from '../../src/core/rules/visit-ended.ts';
import { makeVisit } from '../postgres/support/builders.ts';
import { revisionsOf } from '../support/revisions-of.ts';

const uuid = fc.uuid();
const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
const revision: fc.Arbitrary<Revision> = fc
  .record({
    visitId: uuid,
    revision: fc.nat(),
    reason: fc.constantFrom('inactivity', 'explicit', 'max_duration', 'max_events'),
    mergedInto: fc.option(uuid),
    startedAt: time,
    endedAt: time,
    eventCount: fc.nat(),
    decidedAt: time,
  })
  .map((of) => ({ ...of, retracted: of.mergedInto !== null }));

describe('revisions in columns', () => {
  const expectRead = (all: readonly Revision[]): void => {
    const revisions = revisionsOf(all);
    expect(revisions.length).toBe(all.length);
    expect([...revisions]).toEqual(all);
    for (const [i, each] of all.entries()) {
      expect(revisions.decidedAt(i)).toBe(each.decidedAt);
      expect(revisions.readVisitId(i, new PackedId()).toString()).toBe(each.visitId);
    }
  };

  test('are read as they were added, in their order', () => {
    fc.assert(fc.property(fc.array(revision, { maxLength: 10 }), expectRead));
  });

  test('more than there is room for at first, and at second', () => {
    expectRead(fc.sample(revision, 700));
  });

  test('there is none before the first and behind the last', () => {
    const revisions = revisionsOf(fc.sample(revision, 3));
    for (const i of [-1, 3, 200]) {
      expect(() => revisions.at(i)).toThrow(RangeError);
      expect(() => revisions.decidedAt(i)).toThrow(RangeError);
    }
  });

  test('none is taken of what is no visit', () => {
    const [said] = fc.sample(revision, 1);
    expect(() => revisionsOf([{ ...said!, visitId: 'v' }])).toThrow('a revision of v, which is no id of a visit');
  });

  test('one is still true of its visit until anything that it says is another', () => {
    const ended = () => makeVisit({ ended: true, published: 3, reason: 'explicit' });
    const visit = ended();
    const said: Revision = {
      visitId: visit.id,
      revision: 2,
      reason: 'explicit',
      retracted: false,
      mergedInto: null,
      startedAt: visit.startedAt,
      endedAt: visit.lastEventAt,
      eventCount: visit.eventCount,
      decidedAt: 1,
    };
    const isTrueOf = (of: Partial<Revision>, now: object = {}): boolean =>
      revisionsOf([{ ...said, ...of }]).isStillTrue(0, Object.assign(ended(), now));
    expect(isTrueOf({})).toBe(true);
    expect(isTrueOf({ decidedAt: 2 })).toBe(true);
    for (const other of [
      { revision: 1 },
      { reason: 'inactivity' as const },
      { retracted: true, mergedInto: visit.id },
      { startedAt: said.startedAt - 1 },
      { endedAt: said.endedAt + 1 },
      { eventCount: said.eventCount + 1 },
    ]) {
      expect([other, isTrueOf(other)]).toEqual([other, false]);
    }
    expect(isTrueOf({}, { ended: false })).toBe(false);
  });
});
