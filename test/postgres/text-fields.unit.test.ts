import { expect, test } from '@jest/globals';
import { textFields } from '../../src/postgres/text-fields.ts';

/** Length, big end first, and UTF-8; -1 for null. */
const field = (text: string | null): number[] => {
  if (text === null) return [255, 255, 255, 255];
  const bytes = Buffer.from(text);
  return [0, 0, 0, bytes.length, ...bytes];
};
const encoded = (texts: readonly (string | null)[]): number[] => texts.flatMap(field);

test('texts are the fields of a row, null and empty apart', () => {
  const texts = ['desktop', null, '', 'Zürich', '\u{1f600}'];
  expect([...textFields(texts)]).toEqual(encoded(texts));
});

test('what an array was when it was last written does not stand for what it is now', () => {
  const own: (string | null)[] = ['desktop', null];
  expect([...textFields(own)]).toEqual(encoded(['desktop', null]));
  own[1] = 'Android 14';
  expect([...textFields(own)]).toEqual(encoded(['desktop', 'Android 14']));
  own.pop();
  expect([...textFields(own)]).toEqual(encoded(['desktop']));
});

test('an array that many visits share is encoded once', () => {
  const shared = ['desktop', 'FR'];
  expect(textFields(shared)).toBe(textFields(shared));
});
