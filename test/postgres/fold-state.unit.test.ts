import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Visit } from '../../src/core/visit.ts';
import { ByteWriter } from '../../src/postgres/bytes.ts';
import { readFoldState, writeFoldState } from '../../src/postgres/fold-state.ts';
import { plainVisit } from '../support/plain-visit.ts';
import { visits } from './visits.ts';

test('what only the fold needs of a visit comes back as it was, the order in its maps included', () => {
  fc.assert(
    fc.property(visits, (visit) => {
      const out = new ByteWriter();
      writeFoldState(out, visit);
      const read = withoutValues(visit);
      const values = {
        profile: visit.profileId,
        source: visit.sourceId,
        entryPage: visit.entryPage,
        referrer: visit.referrer,
        exitPage: visit.exitPage,
        utm: visit.utm ?? ([null, null, null, null, null] as const),
        named: visit.named,
        context: visit.context,
      };
      readFoldState(Buffer.from(out.bytes()), values, read);
      expect(plainVisit(read)).toStrictEqual(plainVisit(visit));
      expect(read.context.map(([key]) => key)).toStrictEqual(visit.context.map(([key]) => key));
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

/** All of a visit that is in columns of its own. */
function withoutValues(visit: Visit): Visit {
  const { id, sessionId, debug, openedOffset, openedIndex, startedAt, lastEventAt, lastArrival } = visit;
  const fixed = [id, sessionId, debug, openedOffset, openedIndex] as const;
  const { eventCount, pageViewCount, lateEventCount, ended, published, reason, seal, endedWatermark } = visit;
  return Object.assign(new Visit(...fixed, startedAt, lastEventAt, lastArrival), {
    ...{ eventCount, pageViewCount, lateEventCount, ended, published, reason, seal, endedWatermark },
  });
}
