import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contextEntries, contextParts } from '../../src/core/rules/context.ts';
import type { ContextEntry, Json } from '../../src/core/rules/event.ts';
import { ByteWriter } from '../../src/postgres/bytes.ts';
import { readContextJson, writeContext } from '../../src/postgres/context-json.ts';

const keys = fc.oneof(
  fc.string(),
  fc.constantFrom('__proto__', '', '"', '\\', '\\"', '{', '10', '9', ',', ':', 'page', 'utm'),
);
const values = fc.jsonValue({ depthSize: 'medium' }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const contexts = fc.uniqueArray(fc.tuple(keys, values), { selector: ([key]) => key });

function contextJson(context: readonly ContextEntry[]): string {
  const out = new ByteWriter();
  writeContext(out, contextParts(context));
  return out.bytes().toString();
}

test('a context comes back part by part, in the order in which it was written, whatever its keys and values', () => {
  fc.assert(
    fc.property(contexts, (context) => {
      expect(readContextJson(contextJson(context))).toStrictEqual(contextParts(context));
    }),
    { numRuns: 1_000 },
  );
});

test('entries that are equal are one object, so that what many visits say is held once', () => {
  const device = ['device', { os: 'Android 14', brand: ['a', { b: null }] }] as const;
  const [one, two] = [0, 1].map((n) => contextEntries(readContextJson(contextJson([device, ['n', n]]))));
  expect(one![0]).toBe(two![0]);
  expect(one![1]).toStrictEqual(['n', 0]);
  expect(two![1]).toStrictEqual(['n', 1]);
});

test('a context that was cut off is refused, not misread', () => {
  expect(() => readContextJson('{"a":"b')).toThrow('changed by another hand');
});
