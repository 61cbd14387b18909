import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { OutMessage } from '../../src/ports/output.ts';
import { decodeOutbox, encodeOutbox } from '../../src/wire/outbox.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'binary', maxLength: 20 }).map((raw) => raw.toWellFormed());
const rows = fc
  .tuple(
    fc.nat(Number.MAX_SAFE_INTEGER - 10),
    fc.array(
      fc.record({
        topic: fc.constantFrom('output' as const, 'dead-letter' as const, 'late' as const),
        key: fc.option(bytes, { nil: null }),
        value: fc.option(bytes, { nil: null }),
        headers: fc.array(fc.tuple(text, bytes), { maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([first, messages]) => messages.map((message, i): OutMessage => ({ ...message, sequence: first + i })));

const MESSAGE: OutMessage = {
  topic: 'late',
  sequence: 5,
  key: null,
  value: Buffer.from('v'),
  headers: [['h', Buffer.from('1')]],
};

describe('a row of the outbox', () => {
  test('what is written is read back, nulls told from what is empty', () => {
    fc.assert(fc.property(rows, (messages) => expect([...decodeOutbox(encodeOutbox(messages))]).toEqual(messages)));
  });

  test('a row of which any bit changed, or which was cut off, is refused', () => {
    const row = encodeOutbox([MESSAGE, { ...MESSAGE, sequence: 6 }]);
    for (let at = 0; at < row.length * 8; at++) {
      const changed = Buffer.from(row);
      changed[at >> 3]! ^= 1 << (at & 7);
      expect(() => decodeOutbox(changed)).toThrow('outbox row');
    }
    for (let end = 0; end < row.length; end++) expect(() => decodeOutbox(row.subarray(0, end))).toThrow('outbox row');
    expect(() => decodeOutbox(Buffer.concat([row, Buffer.from([0])]))).toThrow('outbox row');
  });

  test('a hole in the sequences is refused', () => {
    expect(() => encodeOutbox([MESSAGE, { ...MESSAGE, sequence: 7 }])).toThrow('no hole');
    expect(() => encodeOutbox([MESSAGE, MESSAGE])).toThrow('no hole');
    expect(() => encodeOutbox([])).toThrow('at least one');
  });

  test('the layout stays: rows outlive the program that wrote them', () => {
    expect(encodeOutbox([MESSAGE]).toString('hex')).toBe('5402ee7e803a050102080102760202680231');
  });

  test('a row of another version is refused, and which program reads it is said', () => {
    const row = encodeOutbox([MESSAGE]);
    for (const version of [1, 3]) {
      row[1] = version;
      expect(() => decodeOutbox(row)).toThrow('run the version that wrote it');
    }
  });

  test('part of a row is the messages from there to there', () => {
    fc.assert(
      fc.property(rows, fc.nat(6), fc.nat(6), (messages, a, b) => {
        const [from, to] = [Math.min(a, b, messages.length), Math.min(Math.max(a, b), messages.length)];
        const part = decodeOutbox(encodeOutbox(messages)).slice(from, to);
        expect([...part]).toEqual(messages.slice(from, to));
        expect([part.first, part.next]).toEqual([messages[0]!.sequence + from, messages[0]!.sequence + to]);
      }),
    );
  });
});
