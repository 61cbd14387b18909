import { expect, test } from '@jest/globals';
import { Refusals } from '../../src/kafka/refusals.ts';

const denied = Object.assign(new Error('no'), { type: 'TOPIC_AUTHORIZATION_FAILED' });

test('what waiting does not help is given up once it has lasted, and not if it was interrupted', () => {
  let now = 0;
  const refusals = new Refusals(() => now);
  expect(refusals.failed(denied)).toBeNull();
  now = 9_999;
  expect(refusals.failed(denied)).toBeNull();
  now = 10_000;
  expect(refusals.failed(denied)).toMatch(/grant/);
  refusals.over();
  expect(refusals.failed(denied)).toBeNull();
  now = 19_000;
  expect(refusals.failed(new Error('away'))).toBeNull();
  now = 25_000;
  expect(refusals.failed(denied)).toBeNull();
});
