import { expect, test } from '@jest/globals';
import { explained } from '../../src/console/explained.ts';

test.each([
  ['the server ended the query', Object.assign(new Error('canceling statement'), { code: '57014' }), /longer than 5 s/],
  ['nobody answered in time', new Error('Query read timeout'), /longer than 5 s/],
  ['a view is not there', Object.assign(new Error('no relation'), { code: '42P01' }), /run tidemark setup/],
  [
    'the address refuses',
    Object.assign(new AggregateError([new Error('ECONNREFUSED a')])),
    /not answer: ECONNREFUSED a/,
  ],
])('where %s, the page says so', (_, error, said) => {
  expect(explained(error, 5_000).message).toMatch(said);
  expect(explained(error, 5_000).cause).toBe(error);
});
