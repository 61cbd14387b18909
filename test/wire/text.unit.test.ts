import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clean, cut, decodeUtf8, fits, isClean } from '../../src/wire/text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

describe('text', () => {
  test('a text fits up to the byte and not one further', () => {
    expect(fits('a'.repeat(128), 128)).toBe(true);
    expect(fits('a'.repeat(129), 128)).toBe(false);
    expect(fits('ż'.repeat(64), 128)).toBe(true);
    expect(fits(`${'ż'.repeat(64)}a`, 128)).toBe(false);
    expect(fits('😀'.repeat(32), 128)).toBe(true);
    expect(fits(`${'😀'.repeat(32)}a`, 128)).toBe(false);
  });

  test('a text within the bound is left as it is', () => {
    expect(cut('a'.repeat(2048))).toBe('a'.repeat(2048));
    expect(cut('a'.repeat(2049))).toBe('a'.repeat(2048));
  });

  test.each([
    ['two bytes', 'ż', 2],
    ['three bytes', '€', 3],
    ['four bytes', '😀', 4],
  ])('a character of %s is never cut in two', (_, character, bytes) => {
    for (let before = 2048 - bytes; before <= 2048; before++) {
      const whole = 'a'.repeat(before) + character;
      const kept = before + bytes <= 2048 ? whole : 'a'.repeat(before);
      expect(cut(`${whole}tail`)).toBe(kept + (before + bytes < 2048 ? 'tail'.slice(0, 2048 - before - bytes) : ''));
    }
  });

  test('what is cut is the longest beginning of whole characters that fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(80), (raw, max) => {
        const text = raw.toWellFormed();
        const kept = cut(text, max);
        expect(text.startsWith(kept)).toBe(true);
        expect(kept.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(max);
        const [next] = text.slice(kept.length);
        if (next !== undefined) expect(Buffer.byteLength(kept + next)).toBeGreaterThan(max);
      }),
    );
  });

  test('NUL and lone surrogates become U+FFFD, all else stays', () => {
    expect(clean('a\0b\ud800c\udc00d😀\ufffd')).toBe('a\ufffdb\ufffdc\ufffdd😀\ufffd');
    expect(isClean('a😀\ufffd')).toBe(true);
    expect(isClean('a\0')).toBe(false);
    expect(isClean('\ud83d')).toBe(false);
  });

  test('valid UTF-8 decodes to itself, a U+FFFD that was sent included', () => {
    fc.assert(
      fc.property(anyText, (raw) => {
        const text = `${raw.toWellFormed()}\ufffd`;
        expect(decodeUtf8(Buffer.from(text))).toBe(text);
      }),
    );
  });

  test('invalid UTF-8 decodes to lone surrogates where U+FFFD would stand, and only there', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0x41, 0x80, 0xbd, 0xbf, 0xc3, 0xe2, 0xef, 0xf0, 0x9f, 0xff)), (bytes) => {
        const raw = Buffer.from(bytes);
        const plain = raw.toString('utf8');
        const marked = decodeUtf8(raw);
        expect(marked.toWellFormed()).toBe(plain);
        expect(Buffer.from(plain).equals(raw)).toBe(isClean(marked));
      }),
      { numRuns: 2000 },
    );
  });

  test('a sent U+FFFD beside an invalid byte is told from it', () => {
    const raw = Buffer.concat([Buffer.from('a\ufffd'), Buffer.from([0xff]), Buffer.from('\ufffdb')]);
    expect(decodeUtf8(raw)).toBe('a\ufffd\udfff\ufffdb');
  });
});
