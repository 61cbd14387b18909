import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import { murmurFinalizer } from '../../src/core/memory/murmur-finalizer.ts';
import type { Session } from '../../src/core/memory/session.ts';
import { SessionIndex } from '../../src/core/memory/session-index.ts';
import type { Visit } from '../../src/core/memory/visit.ts';

/** UUIDs in canonical form and otherwise, and other texts; few, so that each comes and goes often. */
const ids = [
  ...Array.from({ length: 36 }, (_, i) => `00000000-0000-4000-8000-${`${i * 7919}`.padStart(12, '0')}`),
  // Those that differ in one of the four integers from another.
  '10000000-0000-4000-8000-000000000000',
  '00000000-1000-4000-8000-000000000000',
  '00000000-0000-4000-9000-000000000000',
  // No canonical form.
  ...['00000000-0000-4000-800A-000000000000', '', 'one', 'two'],
];
const id = fc.constantFrom(...ids);
const turn = fc.record({ id, gone: fc.boolean(), isSettled: fc.boolean() });
const idOf = (text: string) => new PackedId().set(text);

test('a session is found by its id until it is gone, whatever comes and goes beside it', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(turn, { maxLength: 100, size: 'max' }), (seed, turns) => {
      const index = new SessionIndex(seed);
      const sessions = new Map<string, Session<Visit>>();
      for (const { id, gone, isSettled } of turns) {
        const session = sessions.get(id);
        if (session === undefined) {
          sessions.set(id, index.add(idOf(id), id, true));
        } else if (gone) {
          index.delete(session);
          sessions.delete(id);
        }
        if (isSettled) session?.dropText();
        expect(ids.filter((each) => index.get(idOf(each)) !== (sessions.get(each) ?? null))).toEqual([]);
      }
      expect(new Set(index.values())).toEqual(new Set(sessions.values()));
      for (const [id, session] of sessions) {
        expect([session.sessionId, session.readId(idOf('')).toString()]).toEqual([id, id]);
        session.dropText();
        expect(ids.filter((each) => session.hasId(each))).toEqual([id]);
        session.dropText();
        expect(session.hasId('one')).toBe(id === 'one');
      }
    }),
  );
});

test('many sessions are found, before and after most of them are gone', () => {
  const index = new SessionIndex();
  const all = Array.from({ length: 20_000 }, () => crypto.randomUUID());
  const sessions = all.map((each) => index.add(idOf(each), each, true));
  expect(all.map((each) => index.get(idOf(each)))).toEqual(sessions);
  for (const session of sessions.slice(5)) index.delete(session);
  expect(all.map((each) => index.get(idOf(each)) !== null)).toEqual(all.map((_, i) => i < 5));
});

test('sessions whose ids were made up to have the same hash are told apart', () => {
  const seed = 4_711;
  const index = new SessionIndex(seed);
  const mixed = ({ a, b, c }: PackedId) => murmurFinalizer(murmurFinalizer(murmurFinalizer(seed ^ a) ^ b) ^ c);
  const one = idOf(crypto.randomUUID());
  const all = Array.from({ length: 20 }, () => {
    const { a, b, c } = idOf(crypto.randomUUID());
    const other = new PackedId().setUuid(a, b, c, 0);
    return other.setUuid(a, b, c, mixed(other) ^ mixed(one) ^ one.d);
  });
  const sessions = all.map((id) => index.add(id, id.toString(), true));
  expect(index.get(one)).toBeNull();
  expect(all.map((id) => index.get(id))).toEqual(sessions);
  for (const session of sessions.slice(1)) index.delete(session);
  expect(all.map((id) => index.get(id) !== null)).toEqual(all.map((_, i) => i < 1));
});

test('what sessions that are gone took is used again', () => {
  const index = new SessionIndex();
  for (const each of Array.from({ length: 1_000 }, () => crypto.randomUUID())) {
    index.delete(index.add(idOf(each), each, true));
  }
  expect(index.room).toBe(1);
});
