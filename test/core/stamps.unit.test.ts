import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EventId } from '../../src/core/event-ids.ts';
import { IdIndex } from '../../src/core/id-index.ts';
import { compareUtf8 } from '../../src/core/order.ts';
import { NO_STAMP, Stamps } from '../../src/core/stamps.ts';
import { bareVisit } from '../support/bare-visit.ts';

const T = Date.UTC(2026, 0, 1);
const text = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);
const event = fc.record({ t: fc.constantFrom(T, T + 1, -1), id: text });
const idOf = (id: string) => new EventId().set(id);

test('first and last are by time, then by the id as UTF-8 bytes, whatever the form of the id', () => {
  fc.assert(
    fc.property(event, event, (one, other) => {
      const stamps = new Stamps(1);
      const [a, b] = [one, other].map(({ t, id }) => stamps.add(t, idOf(id))) as [number, number];
      const order = one.t - other.t || compareUtf8(one.id, other.id);
      expect([stamps.isBefore(a, b), stamps.isAfter(a, b)]).toEqual([order < 0, order > 0]);
    }),
  );
});

test('a stamp says what it was made of until it is given back, however many come and go', () => {
  const turns = fc.array(fc.oneof(fc.array(event, { minLength: 1, maxLength: 9 }), fc.nat()), { maxLength: 40 });
  fc.assert(
    fc.property(turns, (plan) => {
      const stamps = new Stamps(2);
      const chains: { first: number; events: { t: number; id: string }[] }[] = [];
      for (const turn of plan) {
        if (typeof turn === 'number') {
          const [gone] = chains.splice(turn % Math.max(chains.length, 1), 1);
          if (gone !== undefined) stamps.release(gone.first);
        } else {
          const made = turn.map(({ t, id }) => stamps.add(t, idOf(id)));
          for (const [i, stamp] of made.slice(1).entries()) stamps.link(made[i]!, stamp);
          chains.push({ first: made[0]!, events: turn });
        }
        for (const { first, events } of chains) expect(chainOf(stamps, first)).toEqual(events);
        expect(stamps.size).toBe(chains.reduce((sum, { events }) => sum + events.length, 0));
      }
    }),
  );
});

test('an id is found among many, and no other is', () => {
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 300, size: 'max' }), fc.array(text), (ids, others) => {
      const visit = bareVisit(T);
      for (const id of ids) {
        expect(visit.hasId(idOf(id))).toBe(false);
        visit.addStamp(T, idOf(id));
      }
      const index = IdIndex.of(visit.stamps, visit.firstStamp, ids.length);
      for (const id of [...ids, ...others]) {
        expect(visit.hasId(idOf(id))).toBe(ids.includes(id));
        expect(index.find(visit.stamps, idOf(id)) !== NO_STAMP).toBe(ids.includes(id));
      }
    }),
  );
});

function chainOf(stamps: Stamps, first: number): { t: number; id: string }[] {
  const events = [];
  for (let at = first; at !== NO_STAMP; at = stamps.after(at))
    events.push({ t: stamps.timeAt(at), id: stamps.idAt(at) });
  return events;
}
