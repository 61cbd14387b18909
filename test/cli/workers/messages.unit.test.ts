import { describe, expect, test } from '@jest/globals';
import { explain, Failure } from '../../../src/cli/failure.ts';
import { errorForm, errorOf } from '../../../src/cli/workers/messages.ts';
import { CannotGoOn } from '../../../src/ports/errors.ts';

const crossed = (error: unknown) => errorOf(structuredClone(errorForm(error)));

describe('an error of a thread', () => {
  test.each([
    ['a refusal', new CannotGoOn('decide')],
    ['a failure with a code of its own', new Failure(3, 'cannot be reached')],
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['what was caused by one', new Error('no answer', { cause: Object.assign(new Error('x'), { code: 'EPIPE' }) })],
    ['several at once', new AggregateError([Object.assign(new Error('a'), { code: 'ETIMEDOUT' }), new Error('b')], '')],
    ['no error at all', 'thrown text'],
  ])('%s is explained as in the thread itself', (_, error) => {
    const form = { debug: false, json: false };
    expect(explain(crossed(error), form)).toEqual(explain(error, form));
  });

  test('errors that cause each other come across all the same', () => {
    const [a, b] = [new Error('a'), new Error('b')];
    a.cause = b;
    b.cause = a;
    expect(crossed(a)).toMatchObject({ message: 'a', cause: { message: 'b' } });
  });
});
