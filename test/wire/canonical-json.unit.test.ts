import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../src/core/rules/event.ts';
import { canonicalJson, NoJson } from '../../src/wire/canonical-json.ts';

describe('canonical JSON', () => {
  test('keys stand in the order of their UTF-8 bytes, also those that look like integers', () => {
    const value = JSON.parse('{"b":1,"10":2,"9":3,"-":4,"\\uffff":5,"\\ud83d\\ude00":6,"":7,"__proto__":8}');
    expect(canonicalJson(value)).toBe('{"":7,"-":4,"10":2,"9":3,"__proto__":8,"b":1,"\uffff":5,"😀":6}');
  });

  test('it says the same as the value, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as Json);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value as Json))).toBe(text);
      }),
    );
  });

  test('numbers that JSON has no text for are refused instead of becoming null', () => {
    expect(() => canonicalJson([Number.POSITIVE_INFINITY])).toThrow(NoJson);
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(NoJson);
  });

  test('100 levels are taken and 101 refused', () => {
    const nested = (levels: number): Json => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(canonicalJson(nested(100))).toBe('['.repeat(100) + ']'.repeat(100));
    expect(() => canonicalJson(nested(101))).toThrow(NoJson);
    expect(() => canonicalJson(nested(50_000))).toThrow(NoJson);
  });
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, reversed(each)]),
  );
}
