import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NO_TYPES } from '../../src/core/memory/type-counts.ts';

const types = fc.oneof(
  fc.constantFrom('page-view', 'click', '2 click', '1 page-view'),
  fc.string({ maxLength: 3 }),
  fc.nat(60).map(String),
);
const steps = fc.array(fc.tuple(types, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 }))), { maxLength: 90 });

test('each type is counted, in the order in which they came, beside the counts of other visits', () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 4 }), (visits) => {
      const counted = visits.map(() => NO_TYPES);
      const expected = visits.map(() => new Map<string, number>());
      // In turns, so that whatever is changed for one would show in another.
      for (let i = 0; i < Math.max(...visits.map(({ length }) => length)); i += 1) {
        for (const [v, visit] of visits.entries()) {
          if (i >= visit.length) continue;
          const [type, count] = visit[i]!;
          counted[v] = counted[v]!.plus(type, count);
          expected[v]!.set(type, (expected[v]!.get(type) ?? 0) + count);
        }
      }
      for (const [v, counts] of counted.entries()) {
        expect(counts.all()).toEqual([...expected[v]!]);
        expect(counts.size).toBe(expected[v]!.size);
      }
    }),
    { numRuns: 500 },
  );
  expect(NO_TYPES.size).toBe(0);
});

test('visits of few events share their counts, however these came about', () => {
  const one = NO_TYPES.plus('a', 1).plus('b', 1).plus('a', 1);
  expect(NO_TYPES.plus('a', 2).plus('b', 1)).toBe(one);
  expect(NO_TYPES.plus('b', 1).plus('a', 2)).not.toBe(one);
  const many = NO_TYPES.plus('a', 4);
  expect(many.plus('a', 1)).not.toBe(many.plus('a', 1));
});
