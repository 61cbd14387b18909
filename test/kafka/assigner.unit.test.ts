import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assign } from '../../src/kafka/assigner.ts';

const groups = fc.record({
  partitions: fc.nat(12).map((count) => Array.from({ length: count }, (_, i) => i)),
  had: fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 3 }), fc.uniqueArray(fc.nat(15))), {
    minLength: 1,
    maxLength: 5,
    selector: ([member]) => member,
  }),
});

describe('dealing partitions out', () => {
  test('gives each to exactly one member, and to none more than one above another', () => {
    fc.assert(
      fc.property(groups, ({ partitions, had }) => {
        const assigned = assign(partitions, new Map(had));
        expect([...assigned.keys()].sort()).toEqual(had.map(([member]) => member).sort());
        expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual(partitions);
        const sizes = [...assigned.values()].map((own) => own.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('moves nothing where the members and the partitions stay', () => {
    fc.assert(
      fc.property(groups, ({ partitions, had }) => {
        const assigned = assign(partitions, new Map(had));
        expect(assign(partitions, assigned)).toEqual(assigned);
      }),
    );
  });

  test('moves only what has to move when a member joins or leaves', () => {
    const partitions = [0, 1, 2, 3, 4, 5];
    const two = new Map([
      ['a', [0, 2, 4]],
      ['b', [1, 3, 5]],
    ]);
    expect(assign(partitions, new Map([...two, ['0', []]]))).toEqual(
      new Map([
        ['0', [4, 5]],
        ['a', [0, 2]],
        ['b', [1, 3]],
      ]),
    );
    expect(assign(partitions, new Map([['b', [1, 3, 5]]])).get('b')).toEqual(partitions);
  });
});
