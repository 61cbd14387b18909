import { describe, expect, test } from '@jest/globals';
import type { Emission } from '../../src/core/changes.ts';
import { NAMED_VALUES } from '../../src/core/rules/values.ts';
import type { VisitEnded } from '../../src/core/rules/visit-ended.ts';
import type { OutMessage } from '../../src/ports/output.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { batchBytes, type EnvelopeContext } from '../../src/wire/envelope.ts';
import { decodeVisitEnded } from '../../src/wire/visit-ended.ts';
import { toOutMessage, toOutMessages } from './support/messages.ts';

const CONTEXT: EnvelopeContext = {
  topic: 'tracks',
  partition: 4,
  outputSchemaId: 12,
  maxBytes: { output: 1_048_588, 'dead-letter': 1_048_588, late: 1_048_588 },
  severalPerRecord: false,
};
const RAW: RawRecord = {
  offset: 77,
  timestamp: 1_767_225_600_000,
  key: Buffer.from('s1'),
  value: Buffer.from([0, 255, 1]),
  headers: [
    ['trace', Buffer.from('abc')],
    ['trace', Buffer.from('def')],
  ],
};
const PLACE = { sequence: 9, offset: 77, timestamp: 1_767_225_600_000, index: 0, raw: RAW };
const DEAD: Emission<RawRecord> = {
  kind: 'dead-letter',
  reason: 'invalid',
  error: 'session_id is missing or empty',
  ...PLACE,
};
const LATE: Emission<RawRecord> = { kind: 'late', error: 'frozen', visitId: 'v-1', ...PLACE };

const headersOf = (message: OutMessage) => message.headers.map(([name, value]) => [name, value.toString()]);
const header = (message: OutMessage, name: string) =>
  headersOf(message)
    .filter(([each]) => each === name)
    .map(([, value]) => value);

describe('what is given out', () => {
  test('output is keyed by session and says where it came from', () => {
    const visit = { eventId: 'e', visitId: 'v', sessionId: 'sesja ż', profileId: null, sourceId: null, revision: 1 };
    const counts = { eventCount: 1, pageViewCount: 0, lateEventCount: 0, openedOffset: 70, eventTypes: [['a', 1]] };
    const times = { startedAt: 1, endedAt: 2, decidedAt: 3, amendableUntil: 4 };
    const rest = {
      reason: 'explicit',
      retracted: false,
      mergedInto: null,
      entryPage: null,
      exitPage: null,
      referrer: null,
    };
    const more = { utm: null, named: NAMED_VALUES.map(() => null), debug: false };
    const message = { ...visit, ...counts, ...times, ...rest, ...more } as unknown as VisitEnded;
    const out = toOutMessage({ kind: 'output', sequence: 9, message }, CONTEXT);
    expect(out).toMatchObject({ topic: 'output', sequence: 9, key: Buffer.from('sesja ż') });
    expect(headersOf(out)).toEqual([
      ['tidemark-topic', 'tracks'],
      ['tidemark-partition', '4'],
      ['tidemark-sequence', '9'],
    ]);
    expect(out.value?.readUInt32BE(1)).toBe(12);
    expect(decodeVisitEnded(out.value!)).toMatchObject({ ...message, topic: 'tracks', partition: 4 });
  });

  test('a dead letter goes as it came, with the reason and where it came from', () => {
    const out = toOutMessage(DEAD, CONTEXT);
    expect(out).toMatchObject({ topic: 'dead-letter', sequence: 9, key: RAW.key, value: RAW.value });
    expect(headersOf(out)).toEqual([
      ['trace', 'abc'],
      ['trace', 'def'],
      ['tidemark-reason', 'invalid'],
      ['tidemark-error', 'session_id is missing or empty'],
      ['tidemark-topic', 'tracks'],
      ['tidemark-partition', '4'],
      ['tidemark-offset', '77'],
      ['tidemark-timestamp', '1767225600000'],
      ['tidemark-sequence', '9'],
    ]);
  });

  test('a late one names its visit, where there is one', () => {
    const out = toOutMessage(LATE, CONTEXT);
    expect(out).toMatchObject({ topic: 'late', key: RAW.key, value: RAW.value });
    expect(header(out, 'tidemark-reason')).toEqual(['late']);
    expect(header(out, 'tidemark-visit-id')).toEqual(['v-1']);
    expect(header(toOutMessage({ ...LATE, visitId: null }, CONTEXT), 'tidemark-visit-id')).toEqual([]);
  });

  test('the index stands where a record may hold several entries', () => {
    const context = { ...CONTEXT, severalPerRecord: true };
    const out = toOutMessages([DEAD, { ...DEAD, sequence: 10, index: 1 }], context);
    expect(out.map((message) => header(message, 'tidemark-index'))).toEqual([['0'], ['1']]);
    expect(header(toOutMessage(DEAD, CONTEXT), 'tidemark-index')).toEqual([]);
  });

  test('headers of an earlier pass are replaced, but for the time of receipt', () => {
    const headers = [
      ['tidemark-reason', 'future'],
      ['tidemark-visit-id', 'old'],
      ['tidemark-truncated', 'true'],
      ['tidemark-received-at', '17'],
      ['tidemarks', 'mine'],
    ].map(([name, value]) => [name!, Buffer.from(value!)] as const);
    const out = toOutMessage({ ...DEAD, raw: { ...RAW, headers } }, CONTEXT);
    expect(headersOf(out).slice(0, 2)).toEqual([
      ['tidemark-received-at', '17'],
      ['tidemarks', 'mine'],
    ]);
    expect(header(out, 'tidemark-reason')).toEqual(['invalid']);
    expect(header(out, 'tidemark-visit-id')).toEqual([]);
    expect(header(out, 'tidemark-truncated')).toEqual([]);
  });

  test('an error is cut to 2,048 bytes at a character and holds no NUL', () => {
    const out = toOutMessage({ ...DEAD, error: `a\0${'ż'.repeat(2000)}` }, CONTEXT);
    const [error] = header(out, 'tidemark-error');
    expect(Buffer.byteLength(error!)).toBe(2048);
    expect(error).toBe(`a\ufffd${'ż'.repeat(1022)}`);
  });

  test('null key and value stay null, empty ones empty', () => {
    expect(toOutMessage({ ...DEAD, raw: { ...RAW, key: null, value: null } }, CONTEXT)).toMatchObject({
      key: null,
      value: null,
    });
    const empty = Buffer.alloc(0);
    expect(toOutMessage({ ...DEAD, raw: { ...RAW, key: empty, value: empty } }, CONTEXT)).toMatchObject({
      key: empty,
      value: empty,
    });
  });
});

describe('what would not fit', () => {
  const whole = toOutMessage(DEAD, CONTEXT);
  const upTo = (bytes: number) => ({ ...CONTEXT, maxBytes: { ...CONTEXT.maxBytes, 'dead-letter': bytes } });

  test('what fits to the byte goes whole; a byte more and it goes without its value, marked', () => {
    expect(toOutMessage(DEAD, upTo(batchBytes(whole)))).toEqual(whole);
    const big = { ...DEAD, raw: { ...RAW, value: Buffer.alloc(10_000) } };
    const out = toOutMessage(big, upTo(9_999));
    expect(out).toMatchObject({ key: RAW.key, value: null });
    expect(header(out, 'tidemark-truncated')).toEqual(['true']);
    expect(header(out, 'trace')).toEqual(['abc', 'def']);
    expect(header(out, 'tidemark-offset')).toEqual(['77']);
    expect(batchBytes(out)).toBeLessThanOrEqual(9_999);
  });

  test('each topic’s own limit counts', () => {
    const value = Buffer.alloc(10_000);
    const context = { ...CONTEXT, maxBytes: { output: 1, 'dead-letter': 9_000, late: 90_000 } };
    expect(toOutMessage({ ...DEAD, raw: { ...RAW, value } }, context).value).toBeNull();
    expect(toOutMessage({ ...LATE, raw: { ...RAW, value } }, context).value).toEqual(value);
  });

  test('headers and a key that alone do not fit are left out too: nothing holds up what follows', () => {
    const headers = [['huge', Buffer.alloc(5_000)]] as const;
    const bare = toOutMessage({ ...DEAD, raw: { ...RAW, headers } }, upTo(4_000));
    expect(bare).toMatchObject({ key: RAW.key, value: null });
    expect(header(bare, 'huge')).toEqual([]);
    const key = Buffer.alloc(5_000);
    const least = toOutMessage({ ...DEAD, raw: { ...RAW, key, headers } }, upTo(4_000));
    expect(least).toMatchObject({ key: null, value: null });
    expect(header(least, 'tidemark-truncated')).toEqual(['true']);
    expect(batchBytes(least)).toBeLessThanOrEqual(4_000);
  });
});
