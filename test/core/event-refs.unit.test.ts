import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import { EventRefs, NO_EVENT } from '../../src/core/memory/event-refs.ts';
import { IdIndex } from '../../src/core/memory/id-index.ts';
import { VisitTable } from '../../src/core/memory/visit-table.ts';
import { compareUtf8 } from '../../src/core/rules/order.ts';
import { bareVisit } from '../support/bare-visit.ts';

const T = Date.UTC(2026, 0, 1);
const text = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);
const event = fc.record({ t: fc.constantFrom(T, T + 1, 0), id: text });
const idOf = (id: string) => new PackedId().set(id);

interface Event {
  readonly t: number;
  readonly id: string;
}

test('first and last are by time, then by the id as UTF-8 bytes, whatever the form of the id', () => {
  fc.assert(
    fc.property(event, event, (one, other) => {
      const refs = new EventRefs(1);
      const run = runOf(refs, [one, other]);
      const order = one.t - other.t || compareUtf8(one.id, other.id);
      expect([refs.isBefore(run, 0, 1), refs.isAfter(run, 0, 1)]).toEqual([order < 0, order > 0]);
    }),
  );
});

test('a run says what it was made of until it is given back, however many come, grow and go', () => {
  const events = fc.array(event, { minLength: 1, maxLength: 20 });
  const turn = fc.oneof(
    fc.record({ what: fc.constant('new' as const), events }),
    fc.record({ what: fc.constant('more' as const), which: fc.nat(), events }),
    fc.record({ what: fc.constant('gone' as const), which: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.nat({ max: 4 }), fc.array(turn, { maxLength: 40 }), (blockBits, plan) => {
      const refs = new EventRefs(blockBits);
      const runs: { run: number; events: Event[] }[] = [];
      for (const turn of plan) {
        if (turn.what === 'new') {
          runs.push({ run: runOf(refs, turn.events), events: [...turn.events] });
        } else if (runs.length > 0) {
          const at = turn.which % runs.length;
          const { run, events } = runs[at]!;
          if (turn.what === 'more') {
            runs[at] = { run: runOf(refs, turn.events, run, events.length), events: [...events, ...turn.events] };
          } else {
            refs.release(run, events.length);
            runs.splice(at, 1);
          }
        }
        for (const { run, events } of runs) expect(read(refs, run, events.length)).toEqual(events);
        expect(refs.size).toBe(runs.reduce((sum, { events }) => sum + events.length, 0));
      }
    }),
  );
});

test('an id is found among many, and no other is', () => {
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 300, size: 'max' }), fc.array(text), (ids, others) => {
      const visit = bareVisit(T);
      const refs = new EventRefs();
      for (const id of ids) {
        expect(visit.hasId(idOf(id))).toBe(false);
        visit.addRef(T, idOf(id));
      }
      const run = runOf(
        refs,
        ids.map((id) => ({ t: T, id })),
      );
      const index = IdIndex.of(refs, run, ids.length);
      for (const id of [...ids, ...others]) {
        expect(visit.hasId(idOf(id))).toBe(ids.includes(id));
        expect(index.find(refs, run, idOf(id))).toBe(ids.includes(id) ? ids.indexOf(id) : NO_EVENT);
      }
    }),
  );
});

test('values of a visit name the events that they come from, however many there are', () => {
  const many = 0xffff + 3;
  const visit = bareVisit(T, new VisitTable());
  visit.knowsIds = true;
  for (let i = 0; i < many; i++) visit.addRef(T + i, idOf(`e${i}`));
  visit.profileRef = many - 1;
  for (const ref of [0xfffd, 0xfffe, 0xffff, 3, NO_EVENT]) {
    visit.exitRef = ref;
    expect([visit.profileRef, visit.exitRef]).toEqual([many - 1, ref]);
  }
  const timeOf = (ref: number) => visit.refTime(ref) - T;
  visit.moveTo(new VisitTable());
  expect(timeOf(visit.profileRef)).toBe(many - 1);
  visit.entryRef = 7;
  visit.dropIds();
  expect(visit.refCount).toBe(2);
  expect([timeOf(visit.profileRef), timeOf(visit.entryRef), visit.exitRef]).toEqual([many - 1, 7, NO_EVENT]);
  visit.release();
});

/** @returns where the run begins, these events behind the `count` that it has. */
function runOf(refs: EventRefs, events: readonly Event[], before = 0, count = 0): number {
  const run = refs.extend(before, count, events.length);
  for (const [i, { t, id }] of events.entries()) refs.set(run, count + i, t, idOf(id));
  return run;
}

function read(refs: EventRefs, run: number, count: number): Event[] {
  return Array.from({ length: count }, (_, i) => ({ t: refs.timeAt(run, i), id: refs.idAt(run, i) }));
}
