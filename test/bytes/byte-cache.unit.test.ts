import { describe, expect, test } from '@jest/globals';
import { ByteCache } from '../../src/bytes/byte-cache.ts';
import { Cursor } from '../../src/wire/cursor.ts';
import { dice, whole } from '../simulator/dice.ts';

function cursorOver(bytes: Buffer): Cursor {
  const cursor = new Cursor();
  cursor.open(bytes, 0, bytes.length);
  return cursor;
}

/** Of an odd number modulo 2^32. */
function inverse(odd: number): number {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

describe('spans that were met before', () => {
  test('a slot is found for nothing but the kind and bytes that were put into it', () => {
    const draw = dice(1);
    const index = new ByteCache(4, 64, 1);
    const kept: string[] = [];
    let found = 0;
    const wrong: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      // Few bytes, so that spans come again, and differ by one byte or by their length only.
      const bytes = Buffer.alloc(40, 'x');
      const at = whole(draw, 0, 5);
      const length = whole(draw, 0, 30);
      if (draw() < 0.5) bytes[at + whole(draw, 0, 30)] = 'y'.charCodeAt(0);
      const kind = whole(draw, 0, 2);
      const c = cursorOver(bytes);
      const what = `${kind} ${bytes.toString('latin1', at, at + length)}`;
      const slot = index.find(c, at, length, kind);
      if (slot < 0) kept[index.put(c, at, length, kind)] = what;
      else {
        if (kept[slot] !== what) wrong.push(what);
        found++;
      }
      const other = whole(draw, 0, index.slots);
      c.pos = at;
      if (kept[other] === undefined) continue;
      const next = `${kind} ${bytes.toString('latin1', at, at + kept[other].length - 2)}`;
      const isNext = index.guess(c, other, kind);
      const behind = isNext ? at + kept[other].length - 2 : at;
      if (isNext !== (kept[other] === next) || c.pos !== behind) wrong.push(`${what}, guessed`);
    }
    expect(wrong).toEqual([]);
    expect(found).toBeGreaterThan(1_000);
  });

  test('a span that is told by a part of it is found by the whole, and its slot by the part alone', () => {
    const draw = dice(2);
    // One set: all of its slots are looked into.
    const index = new ByteCache(1, 64);
    const kept: string[] = [];
    const places = new Set<number>();
    const wrong: string[] = [];
    let found = 0;
    for (let i = 0; i < 5_000; i++) {
      // The part comes again with another rest behind it.
      const part = `part ${whole(draw, 0, 6)}`;
      const text = `${part}, rest ${whole(draw, 0, 2)}`;
      const bytes = Buffer.from(text);
      const c = cursorOver(bytes);
      const slot = index.findByPart(c, 0, bytes.length, 1, 0, part.length);
      const ahead = index.slotFor(c, 0, part.length);
      if (slot < 0) {
        kept[index.put(c, 0, bytes.length, 1)] = text;
        continue;
      }
      found++;
      if (kept[slot] !== text) wrong.push(`${text} found as ${kept[slot]}`);
      // The first with this part, where several have it.
      if (!kept[ahead]!.startsWith(`${part},`)) wrong.push(`${text} read ahead as ${kept[ahead]}`);
      places.add(ahead);
    }
    expect(wrong).toEqual([]);
    expect(found).toBeGreaterThan(500);
    expect(places.size).toBe(index.slots);
    expect(index.prefetch(Int32Array.from(places), places.size)).toEqual(expect.any(Number));
  });

  test('bytes that were made up to have the hash of others are not taken for them', () => {
    const PRIME = 0x9e3779b1;
    const turned = (x: number, by: number) => (x << by) | (x >>> (32 - by));
    const words = (a: number, b: number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeInt32LE(a, 0);
      bytes.writeInt32LE(b, 4);
      return bytes;
    };
    const [a, b, other] = [0x61626364, 0x65666768, 0x31323334];
    const sum = (word: number, by: number, from: number) => Math.imul(turned(from, by) ^ word, PRIME);
    const wanted = sum(a, 5, 8) ^ turned(sum(b, 7, 0), 16) ^ turned(sum(other, 7, 0), 16);
    const madeUp = words(Math.imul(wanted, inverse(PRIME)) ^ turned(8, 5), other);

    const index = new ByteCache(1, 64);
    const hash = () => (index as unknown as { readonly hash: number }).hash;
    const c = cursorOver(words(a, b));
    expect(index.find(c, 0, 8, 0)).toBe(-1);
    const slot = index.put(c, 0, 8, 0);
    expect(index.find(c, 0, 8, 0)).toBe(slot);
    const first = hash();
    expect(index.find(cursorOver(madeUp), 0, 8, 0)).toBe(-1);
    // Without which nothing was made up.
    expect(hash()).toBe(first);
  });

  test('hints are of the span that is in the slot', () => {
    const index = new ByteCache(1, 64, 2);
    const c = cursorOver(Buffer.from('abcdefghijklmnop'));
    index.find(c, 0, 8, 0);
    const slot = index.put(c, 0, 8, 0);
    expect([index.hint(slot, 0), index.hint(slot, 1)]).toEqual([-1, -1]);
    index.setHint(slot, 1, 41);
    expect([index.hint(slot, 0), index.hint(slot, 1)]).toEqual([-1, 41]);
    expect(index.find(c, 0, 8, 0)).toBe(slot);
    for (let length = 9; length < 16; length++) {
      index.find(c, 0, length, 0);
      const other = index.put(c, 0, length, 0);
      expect([index.hint(other, 0), index.hint(other, 1)]).toEqual([-1, -1]);
    }
  });
});
