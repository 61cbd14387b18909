import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TypeCounts } from '../../src/core/memory/type-counts.ts';
import { mostFrequent } from '../../src/core/revision.ts';
import { compareBytes, cutTypes } from '../reference/visits.ts';
import { LIMIT, RUNS } from './support/compare.ts';

/** Up to 130 types, many of them as frequent as others, `*` among them at times. */
const types = fc.uniqueArray(
  fc.tuple(
    fc.oneof({ weight: 30, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }) }, fc.constant('*')),
    fc.integer({ min: 1, max: 3 }),
  ),
  { selector: ([type]) => type, minLength: 1, maxLength: 130, size: 'max' },
);

test(
  'a visit names its 100 most frequent types, the rest under *, in order of UTF-8 bytes',
  () => {
    fc.assert(
      fc.property(types, (counts) => {
        const said = mostFrequent(TypeCounts.of(counts));
        expect(said).toEqual(cutTypes([...counts].sort(([a], [b]) => compareBytes(a, b))));
        expect(said.length).toBeLessThanOrEqual(101);
        const sum = (of: readonly (readonly [string, number])[]) => of.reduce((total, [, count]) => total + count, 0);
        expect(sum(said)).toBe(sum(counts));
      }),
      { numRuns: RUNS },
    );
  },
  LIMIT,
);
