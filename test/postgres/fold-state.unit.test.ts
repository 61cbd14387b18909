import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { valuesWithOrigins } from '../../src/core/memory/values-with-origins.ts';
import { Visit } from '../../src/core/memory/visit.ts';
import { contextEntries } from '../../src/core/rules/context.ts';
import { NAMED_VALUES } from '../../src/core/rules/values.ts';
import { ByteWriter } from '../../src/postgres/bytes.ts';
import { readContextJson } from '../../src/postgres/context-json.ts';
import { readFoldState, writeFoldState } from '../../src/postgres/fold-state.ts';
import { bareVisit } from '../support/bare-visit.ts';
import { plainVisit } from '../support/plain-visit.ts';
import { visits } from './support/visits.ts';

test('what only the fold needs of a visit comes back as it was, the order in its maps included', () => {
  fc.assert(
    fc.property(visits, (visit) => {
      const out = new ByteWriter();
      writeFoldState(out, visit);
      const read = withoutValues(visit);
      const values = {
        profileId: visit.profileId,
        sourceId: visit.sourceId,
        entryPage: visit.entryPage,
        referrer: visit.referrer,
        exitPage: visit.exitPage,
        utm: visit.utm ?? ([null, null, null, null, null] as const),
        named: visit.named,
      };
      readFoldState(Buffer.from(out.bytes()), values, visit, read);
      expect(plainVisit(read)).toStrictEqual(plainVisit(visit));
      expect(contextEntries(read)).toStrictEqual(contextEntries(visit));
      expect([...read.types]).toStrictEqual([...visit.types]);
    }),
    { numRuns: 500 },
  );
});

test('entries stand in any order in rows that were written before page and UTM were held apart', () => {
  const stored = fc.constantFrom('page', 'device', 'utm', 'ip');
  fc.assert(
    fc.property(fc.uniqueArray(stored, { minLength: 4, maxLength: 4 }), (keys) => {
      const visit = bareVisit();
      const none = { profileId: null, sourceId: null, entryPage: null, referrer: null, exitPage: null };
      const texts = { utm: [null, null, null, null, null] as const, named: NAMED_VALUES.map(() => null) };
      const context = readContextJson(`{${keys.map((key) => `"${key}":"of ${key}"`).join()}}`);
      readFoldState(storedBefore(keys), { ...none, ...texts }, context, visit);
      const said = keys.map((key, i) => [key, { t: i, eventId: `e${i}`, value: `of ${key}` }] as const);
      expect(new Map(valuesWithOrigins(visit).context)).toStrictEqual(new Map(said));
    }),
  );
});

test('values that were declared after it was stored are not named by it', () => {
  const visit = bareVisit();
  const none = { profileId: null, sourceId: null, entryPage: null, referrer: null, exitPage: null };
  const named = NAMED_VALUES.map((_, i) => (i === 0 ? 'mobile' : null));
  const blob = Buffer.from([2, 1, 0, 3, ...Buffer.from('e0'), 1, 1, 0, 1, 0, 0]);
  readFoldState(blob, { ...none, utm: [null, null, null, null, null], named }, visit, visit);
  expect(valuesWithOrigins(visit).from).toEqual({
    ...{ profile: null, source: null, entry: null, exit: null, utm: null },
    named: NAMED_VALUES.map((_, i) => (i === 0 ? { t: 0, eventId: 'e0' } : null)),
  });
});

test('values that were declared later still are refused, not misread', () => {
  const [visit] = fc.sample(visits, 1);
  expect(() => readFoldState(Buffer.from([2, 0, 200, 0]), {} as never, {} as never, visit!)).toThrow(
    'use a newer tidemark',
  );
});

/** Version 1, byte by byte: each of the entries is from another event, `e0` at 0 ms and so on; and nothing else. */
function storedBefore(keys: readonly string[]): Buffer {
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  const refs = keys.flatMap((_, i) => [i * 2, 3, ...Buffer.from(`e${i}`)]);
  const entries = keys.flatMap((key, i) => [...text(key), i + 1]);
  return Buffer.from([1, keys.length, ...refs, ...new Array(13).fill(0), keys.length, ...entries, 0]);
}

test('fold state of a later version is refused, not misread', () => {
  const [visit] = fc.sample(visits, 1);
  expect(() => readFoldState(Buffer.from([99]), {} as never, {} as never, visit!)).toThrow('use a newer tidemark');
});

test('fold state that was cut off is refused, not misread', () => {
  const [visit] = fc.sample(visits, 1);
  expect(() => readFoldState(Buffer.from([1, 2]), {} as never, {} as never, visit!)).toThrow('ends too early');
});

/** All of a visit that is in columns of its own. */
function withoutValues(visit: Visit): Visit {
  const { id, session, openedOffset, openedIndex, startedAt, lastEventAt, lastArrival } = visit;
  const fixed = [id, session, openedOffset, openedIndex] as const;
  const { eventCount, pageViewCount, lateEventCount, ended, published, reason, seal, endedWatermark } = visit;
  return Object.assign(new Visit(...fixed, startedAt, lastEventAt, lastArrival), {
    ...{ eventCount, pageViewCount, lateEventCount, ended, published, reason, seal, endedWatermark },
  });
}
