import { expect, test } from '@jest/globals';
import { compare, isRight } from './compare.ts';

interface Item {
  readonly id: string;
  readonly value: number;
}

const right: readonly Item[] = ['a', 'b', 'c'].map((id, value) => ({ id, value }));
const [a, b, c] = right as [Item, Item, Item];
const nothing = { lost: 0, doubled: 0, different: 0, disordered: 0 };

test.each([
  ['all of it', [a, b, c], {}],
  ['all of it, keys in another order', [{ value: 0, id: 'a' }, b, c], {}],
  ['one less', [a, c], { lost: 1 }],
  ['one twice', [a, b, b, c], { doubled: 1 }],
  ['a stranger', [a, b, c, { id: 'd', value: 3 }], { doubled: 1 }],
  ['one with other content', [a, { id: 'b', value: 7 }, c], { different: 1 }],
  ['two in the wrong order', [b, a, c], { disordered: 1 }],
  ['nothing', [], { lost: 3 }],
] as [string, Item[], object][])('a difference is seen for what it is: %s', (_, found, expected) => {
  const difference = compare('items', found, right, ({ id }) => id);
  expect(difference).toMatchObject({ ...nothing, ...expected });
  expect(isRight(difference)).toBe(Object.keys(expected).length === 0);
  expect(difference.examples.length > 0).toBe(Object.keys(expected).length > 0);
});
