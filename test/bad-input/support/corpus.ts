import avsc from 'avsc';
import { Random } from '../../../src/simulate/random.ts';
import { TRACK_EVENT_SCHEMA } from '../../../src/wire/schemas.ts';
import type { Bad } from './feed.ts';

type Fields = { readonly [field: string]: unknown };

const TYPE = avsc.Type.forSchema(JSON.parse(TRACK_EVENT_SCHEMA), { wrapUnions: false });
const MB = 1_000_000;

/** An event with every field of the schema. */
export function event(session: string, fields: Fields = {}): Fields {
  return {
    ...{ event_id: crypto.randomUUID(), session_id: session, profile_id: `of ${session}`, source_id: 'web' },
    ...{ type: 'page-view', occurred_at: Date.now(), sent_at: null, received_at: null, debug: false },
    ...{ context: null, properties: {}, traits: {} },
    ...fields,
  };
}

/** In the Confluent wire format. */
export function avroOf(id: number, fields: Fields): Buffer {
  return wire(id, TYPE.toBuffer(fields));
}

export function wire(id: number, body: Buffer | readonly number[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

/** Schemas that records may name and that are not read as ours: each with a value written in it. */
export function foreignSchemas(): { what: string; schema: object | string; body: Buffer }[] {
  const ours = JSON.parse(TRACK_EVENT_SCHEMA) as { fields: { name: string; type: unknown }[] };
  const withField = (name: string, type: unknown) => ({
    ...ours,
    fields: ours.fields.map((field) => (field.name === name ? { ...field, type, default: undefined } : field)),
  });
  const body = TYPE.toBuffer(event('foreign'));
  return [
    { what: 'microseconds', schema: withField('occurred_at', { type: 'long', logicalType: 'timestamp-micros' }), body },
    { what: 'a text for a time', schema: withField('occurred_at', 'string'), body },
    { what: 'a list of traits', schema: withField('traits', { type: 'array', items: 'string' }), body },
    { what: 'no session', schema: { ...ours, fields: ours.fields.filter(({ name }) => name !== 'session_id') }, body },
    { what: 'another record', schema: { type: 'record', name: 'Order', fields: [{ name: 'n', type: 'int' }] }, body },
    { what: 'a text', schema: '"string"', body: Buffer.from([4, 97, 98]) },
  ];
}

/**
 * Each thing that can be wrong with a record, by hand.
 * @param id of our schema. @param foreign ids of schemas that cannot be read as ours, with a value each.
 */
export function* corpus(id: number, foreign: readonly { id: number; what: string; body: Buffer }[]): Generator<Bad> {
  const good = avroOf(id, event('bad'));
  const bad = (what: string, fields: Fields, more: Partial<Bad> = {}): Bad => ({
    ...{ what, key: 'bad', value: avroOf(id, event('bad', fields)) },
    ...more,
  });
  const raw = (what: string, value: Buffer | null, key: Bad['key'] = 'bad'): Bad => ({ what, key, value });

  // Not even a record of ours.
  yield raw('a tombstone', null);
  yield raw('nothing at all', null, null);
  yield raw('an empty key', good, '');
  yield raw('an empty value', Buffer.alloc(0));
  yield raw('wrong magic', Buffer.concat([Buffer.from([1]), good.subarray(1)]));
  yield raw('text', Buffer.from('{"event_id":"x"}'), Buffer.from([0, 0, 0, 0]));
  for (let end = 1; end < good.length; end += 7) yield raw('truncated', good.subarray(0, end));
  yield raw('bytes behind', Buffer.concat([good, Buffer.from([0])]));
  for (const unknown of [0, 2_000_000_000, 2 ** 31 - 1, -1, -(2 ** 31)])
    yield raw('unknown id', wire(unknown, [2, 97]));
  for (const { id: other, what, body } of foreign) yield raw(what, wire(other, body));
  yield raw('a map that claims 2^50 entries', mapThatClaims(id, good));

  // Bounds.
  for (const field of ['event_id', 'session_id', 'type'] as const) {
    yield bad(`empty ${field}`, { [field]: '' });
    yield bad(`NUL in ${field}`, { [field]: 'a\0b' });
    yield bad(`long ${field}`, { [field]: 'é'.repeat(65) });
    yield raw(
      `invalid UTF-8 in ${field}`,
      withBytes(bad('', { [field]: '####' }).value!, '####', [0xff, 0xc0, 0xed, 0xa0]),
    );
  }
  for (const field of ['profile_id', 'source_id']) {
    yield bad(`empty ${field}`, { [field]: '' });
    yield bad(`NUL in ${field}`, { [field]: '\0' });
    yield bad(`long ${field}`, { [field]: 'x'.repeat(129) });
  }
  const times = [0, -1, 946_684_799_999, 946_684_800_000, 2 ** 52, -(2 ** 52), 4_102_444_800_000];
  for (const time of times) {
    for (const field of ['occurred_at', 'sent_at', 'received_at']) yield bad(`${field} ${time}`, { [field]: time });
    yield bad(`all times ${time}`, { occurred_at: time, sent_at: time, received_at: time });
  }
  yield raw('a time beyond 2^53', withBytes(bad('', { profile_id: null }).value!, null, []));
  for (const text of ['', '5.5', '-1', '9'.repeat(16), '9'.repeat(30), '\xff\0'])
    yield bad('received-at header', { sent_at: Date.now() }, { headers: { 'tidemark-received-at': text } });
  for (const number of [Number.NaN, Number.POSITIVE_INFINITY, -1e308, 5e-324, -0]) {
    yield bad(`property ${number}`, { properties: { n: number } });
    yield bad(`trait ${number}`, { traits: { n: number } });
  }

  // NUL and invalid UTF-8 wherever a text can be.
  const texts = (text: string) => ({
    context: contextOf(text),
    properties: { [text]: text },
    traits: { [text]: text },
  });
  yield bad('NUL everywhere', texts('a\0b'));
  yield bad('U+FFFF everywhere', texts('\uffff\u2028\ufeff'));
  yield raw('invalid UTF-8 everywhere', withBytes(bad('', texts('@@@@')).value!, '@@@@', [0xff, 0xfe, 0xc0, 0x80]));
  yield bad('keys of Object', {
    traits: { ['__proto__']: 'x', constructor: null, toString: null },
    properties: { ['__proto__']: null },
  });

  // Many and large.
  const map = (count: number, length = 4) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`.padStart(length, 'k'), i]));
  yield bad('100 traits', { traits: map(100) });
  yield bad('101 traits', { traits: map(101) });
  yield bad('trait key of 32 KB', { traits: map(1, 32_000) });
  yield bad('trait key beyond 32 KB', { traits: map(1, 33_000) });
  yield bad('two trait keys that are cut to the same', {
    traits: { ...map(1, 3_000), [`${'k'.repeat(2_999)}1`]: null },
  });
  yield bad('100,000 properties', { properties: map(100_000, 8) });
  yield bad('context of 32 KB', { context: contextOf('x'.repeat(1_400)) });
  yield bad('context beyond 32 KB', { context: contextOf('"'.repeat(1_400)) });
  yield bad('pages of 30 KB', {
    context: {
      ...contextOf(null),
      page: { url: `https://x.example/${'\u{1f600}'.repeat(7_000)}?q`, path: null, title: null, referrer: null },
    },
  });
  const large = 'x'.repeat(10 * MB);
  yield bad('property of 10 MB', { properties: { large } });
  yield bad('session id of 10 MB', { session_id: large });
  yield bad('extra of 10 MB', { context: { ...contextOf(null), extra: { large } } });
  yield raw('10 MB of nothing', Buffer.alloc(10 * MB, 0xff));
  yield raw('a key that the dead-letter topic does not take', Buffer.from('junk'), Buffer.alloc(400_000, 'k'));
  yield {
    ...raw('headers that the dead-letter topic does not take', Buffer.from('junk')),
    headers: { trace: Buffer.alloc(400_000) },
  };

  // Keys and headers.
  yield { ...bad('another key than its session', {}), key: 'not its session' };
  yield { ...bad('no key', {}), key: null };
  yield { ...bad('a binary key', {}), key: Buffer.from([0xff, 0, 0xfe]) };
  const headers = {
    trace: ['a', 'b', 'a', Buffer.from([0, 255, 10])],
    '': 'no name',
    ünïcode: 'x',
    toString: 'x',
    '7': '7',
  };
  yield { ...raw('repeated and binary headers', Buffer.from('junk')), headers };
  yield {
    ...bad('headers of a former pass', { occurred_at: 5 }),
    headers: { 'tidemark-reason': 'late', 'tidemark-offset': '-1', trace: 'x' },
  };
  const ids = { event_id: 'resent', occurred_at: Date.now() };
  for (let i = 0; i < 3; i++) yield bad('resent', ids);
  yield { ...bad('of the debug session', { session_id: '@debug-session-id' }), key: '@debug-session-id' };
}

function contextOf(text: string | null): Fields {
  const record = (...names: string[]) => Object.fromEntries(names.map((name) => [name, text]));
  return {
    page: record('url', 'path', 'title', 'referrer'),
    utm: record('source', 'medium', 'campaign', 'term', 'content'),
    device: record('type', 'brand', 'model', 'os', 'browser', 'screen'),
    location: record('country', 'region', 'city', 'timezone'),
    ip: text,
    user_agent: text,
    extra: text === null ? {} : { [text]: text },
  };
}

/** Other bytes in place of a text; without one, the time in it takes eleven bytes. */
function withBytes(value: Buffer, text: string | null, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(value);
  if (text === null) return copy.fill(0xff, copy.length - 20);
  for (let at = copy.indexOf(text); at >= 0; at = copy.indexOf(text, at + 1)) Buffer.from(bytes).copy(copy, at);
  return copy;
}

/** Properties and traits are the last two bytes, both 0: a block count in place of the last. */
function mapThatClaims(id: number, good: Buffer): Buffer {
  const type = avsc.Type.forSchema('long');
  return wire(id, Buffer.concat([good.subarray(5, -1), type.toBuffer(2 ** 50), Buffer.from([2, 97])]));
}

/** Values of believable events with some of their bytes changed by chance. */
export function* mutated(id: number, seed: number, count: number): Generator<Bad> {
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    const session = `mutated-${random.below(200)}`;
    const text = () => `/${'é'.repeat(random.below(20))}`;
    const value = avroOf(
      id,
      event(session, {
        event_id: `${seed}-${random.below(count)}`,
        occurred_at: Date.now() - random.below(5_000),
        context: random.chance(0.5) ? contextOf(text()) : null,
        properties: { price: random.next(), name: text(), none: null },
        traits: random.chance(0.3) ? { plan: text() } : {},
      }),
    );
    yield { what: `mutated ${i} of seed ${seed}`, key: session, value: mutate(random, value) };
  }
}

/** Of four in one nothing is changed: what follows has to be folded, too. */
export function mutate(random: Random, value: Buffer): Buffer {
  const out = Buffer.from(value);
  for (let left = random.below(4); left > 0; left--) {
    // Seldom the id of its schema: each one that is not known is asked for.
    const from = random.chance(0.02) ? 0 : 5;
    out[from + random.below(out.length - from)] = random.below(256);
  }
  return random.chance(0.05) ? out.subarray(0, random.below(out.length)) : out;
}
