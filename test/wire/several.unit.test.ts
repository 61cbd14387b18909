import { describe, expect, test } from '@jest/globals';
import type { Emission } from '../../src/core/changes.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { createDecoder } from '../../src/wire/decoder.ts';
import { batchBytes, type EnvelopeContext } from '../../src/wire/envelope.ts';
import { toOutMessages } from './support/messages.ts';

const MB = 1_000_000;

/** A payload with so many events that are none. */
function payload(events: number): RawRecord {
  const value = Buffer.from(JSON.stringify({ session: { id: 's' }, events: Array.from({ length: events }, () => 1) }));
  return { offset: 9, timestamp: 0, key: null, value, headers: [] };
}

function entries(events: number) {
  const decoder = createDecoder('tracardi', { topic: 'tracks', partition: 0 }, { keepProperties: false });
  return decoder.decode(payload(events)).entries;
}

const CONTEXT: EnvelopeContext = {
  ...{ topic: 'tracks', partition: 4, outputSchemaId: 12, severalPerRecord: true },
  maxBytes: { output: 10 * MB, 'dead-letter': 10 * MB, late: 10 * MB },
};

function refused(raw: RawRecord, index: number): Emission<RawRecord> {
  const { offset, timestamp } = raw;
  const place = { sequence: 0, offset, timestamp, index, raw };
  return { kind: index % 2 === 0 ? 'dead-letter' : 'late', reason: 'invalid', error: 'x', visitId: null, ...place };
}

const inOrder = (emission: Emission<RawRecord>, sequence: number) => ({ ...emission, sequence });

describe('a record with very many events', () => {
  test('a payload of 1,000 events is as many entries; one more, and it is refused as one', () => {
    expect(entries(1_000)).toHaveLength(1_000);
    expect(entries(1_001)).toMatchObject([
      { refused: 'invalid', error: expect.stringMatching(/1001 events; at most/) },
    ]);
    expect(entries(200_000)).toHaveLength(1);
  });

  test('what its events give out when they are set aside is bounded, and the first of them goes whole', () => {
    const large: RawRecord = {
      ...{ offset: 5, timestamp: 0, key: Buffer.alloc(100_000), value: Buffer.alloc(6 * MB) },
      headers: [['trace', Buffer.alloc(200_000)]],
    };
    const small: RawRecord = { ...large, offset: 6, value: Buffer.alloc(MB), key: Buffer.from('s') };
    const all = [large, small].flatMap((raw) => Array.from({ length: 1_000 }, (_, i) => refused(raw, i)));
    const out = toOutMessages(all.map(inOrder), CONTEXT);
    expect(out).toHaveLength(2_000);
    for (const [i, raw] of [large, small].entries()) {
      const own = out.slice(i * 1_000, (i + 1) * 1_000);
      const whole = own.filter(({ value }) => value !== null);
      expect(whole[0]).toBe(own[0]);
      expect(whole).toHaveLength(i === 0 ? 1 : 3);
      for (const { value } of whole) expect(value!.equals(raw.value!)).toBe(true);
      for (const { value, headers } of own) {
        expect(headers.some(([name]) => name === 'tidemark-truncated')).toBe(value === null);
        expect(headers.some(([name]) => name === 'tidemark-index')).toBe(true);
      }
      const bytes = own.reduce((sum, message) => sum + batchBytes(message), 0);
      expect(bytes).toBeLessThan(batchBytes(own[0]!) + 4 * MB + 1_000 * 600);
    }
  });

  test('records with one event each go whole, however many there are', () => {
    const all = Array.from({ length: 20 }, (_, i) =>
      refused({ offset: i, timestamp: 0, key: null, value: Buffer.alloc(MB), headers: [] }, 0),
    );
    for (const { value } of toOutMessages(all.map(inOrder), CONTEXT)) expect(value).not.toBeNull();
  });
});
