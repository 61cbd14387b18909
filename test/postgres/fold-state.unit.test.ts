import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteWriter } from '../../src/postgres/bytes.ts';
import { readFoldState, writeFoldState } from '../../src/postgres/fold-state.ts';
import { visits } from './visits.ts';

test('what only the fold needs of a visit comes back as it was, the order in its maps included', () => {
  fc.assert(
    fc.property(visits, (visit) => {
      const out = new ByteWriter();
      writeFoldState(out, visit);
      const read = Object.assign(Object.create(Object.getPrototypeOf(visit)), visit, {
        profile: null,
        source: null,
        entry: null,
        exit: null,
        utm: null,
        named: [],
        context: new Map(),
        types: new Map(),
      });
      const values = {
        profile: visit.profile?.value ?? null,
        source: visit.source?.value ?? null,
        entryPage: visit.entry?.value.page ?? null,
        referrer: visit.entry?.value.referrer ?? null,
        exitPage: visit.exit?.value ?? null,
        utm: visit.utm?.value ?? ([null, null, null, null, null] as const),
        named: visit.named.map((stamp) => stamp?.value ?? null),
        context: Object.fromEntries([...visit.context].map(([key, { value }]) => [key, value])),
      };
      readFoldState(Buffer.from(out.bytes()), values, read);
      expect(read).toStrictEqual(visit);
      expect([...read.context.keys()]).toStrictEqual([...visit.context.keys()]);
      expect([...read.types]).toStrictEqual([...visit.types]);
    }),
    { numRuns: 500 },
  );
});

test('fold state of a later version is refused, not misread', () => {
  const [visit] = fc.sample(visits, 1);
  expect(() => readFoldState(Buffer.from([99]), {} as never, visit!)).toThrow('use a newer tidemark');
});

test('fold state that was cut off is refused, not misread', () => {
  const [visit] = fc.sample(visits, 1);
  expect(() => readFoldState(Buffer.from([1, 2]), {} as never, visit!)).toThrow('ends too early');
});
