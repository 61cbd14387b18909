/**
 * A log as it might come on a bad day: the simulated shop, and every three seconds what it does not have, of each thing
 * that a record can come to one at least. Times are those of a pipeline with the settings of `pipeline.ts`.
 */
import { Queue } from '../../../src/simulate/queue.ts';
import { Random } from '../../../src/simulate/random.ts';
import { type SimulatedEvent, traffic } from '../../../src/simulate/traffic.ts';

/** Schemas that records are written with: `schemas/TrackEvent.avsc`, and two that others made of it. */
export type SchemaName = 'ours' | 'evolved' | 'unseen';

/** A record to write. `writer` names the schema that it is written with. */
export interface Input {
  /** ms after the start. */
  readonly delay: number;
  readonly key: string | null;
  readonly what: SimulatedEvent | Buffer | null;
  readonly writer: SchemaName;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** null: by the key. */
  readonly partition: number | null;
  /** What its producer stamps it with, ms; left out: the time of writing. */
  readonly timestamp?: number;
}

type Fields = Partial<SimulatedEvent>;

/** Between what the simulated shop does not have, ms. */
const EVERY = 3_000;

/** Shares of the shop's events. */
export interface Shares {
  readonly late: number;
  readonly broken: number;
}

/** Endless, in order of `delay`. @param startAt ms since the epoch: when the first record is written. */
export function* nastyTraffic(
  seed: number,
  startAt: number,
  rate: number,
  { late, broken }: Shares = { late: 0.06, broken: 0.02 },
): Generator<Input> {
  const random = new Random(seed);
  const due = new Queue<Input>();
  let next = 0;
  const shop = traffic({
    ...{ seed, startAt, rate, gap: 1_000, profiles: 8 },
    ...{ late, resent: 0.05, broken, signOut: 0.3, debug: 0.05, skewed: 0.05 },
  });
  for (const record of shop) {
    for (; next <= record.delay; next += EVERY)
      for (const input of trouble(random, startAt, next)) due.add(input.delay, input);
    while (due.nextAt <= record.delay) yield due.take()!;
    yield {
      ...{ delay: record.delay, key: record.key, what: 'broken' in record ? record.broken : record.event },
      ...{ writer: random.chance(0.2) ? 'evolved' : 'ours', partition: null },
      headers: random.chance(0.1) ? { trace: random.uuid(), 'tidemark-reason': 'a former pass' } : {},
    };
  }
}

function* trouble(random: Random, startAt: number, from: number): Generator<Input> {
  const now = startAt + from;
  let made = 0;
  const event = (session: string, t: number, fields: Fields = {}): SimulatedEvent => ({
    event_id: `${from}-${made++}-${random.uuid()}`,
    session_id: `${session}-${from}`,
    ...{ profile_id: null, source_id: 'app', type: 'product-click', occurred_at: t, sent_at: null, received_at: null },
    ...{ debug: false, context: null, properties: {}, traits: {} },
    ...fields,
  });
  const write = (what: Input['what'], after = 0, more: Partial<Input> = {}): Input => ({
    ...{ delay: from + after, writer: 'ours', headers: {}, partition: null },
    key: what === null || Buffer.isBuffer(what) ? `broken-${from}` : what.session_id,
    what,
    ...more,
  });
  const page = (path: string) => ({
    page: { url: null, path, title: null, referrer: 'https://news.example/' },
    ...{ utm: null, device: null, location: null, ip: null, user_agent: null, extra: {} },
  });

  // Two visits of a session, and after both have ended what lies between them.
  const id = `again-${random.uuid()}`;
  yield write(event('bridged', now, { event_id: id, profile_id: 'before', context: page('/late') }));
  yield write(event('bridged', now - 1_600, { profile_id: 'after', context: page('/early') }));
  yield write(event('bridged', now, { event_id: id }), 2_300);
  yield write(event('bridged', now - 800), 2_500);
  // Amended, and amended again.
  yield write(event('amended', now));
  yield write(event('amended', now + 900), 2_600);
  yield write(event('amended', now - 900), 2_600);
  yield write(event('amended', now + 100), 4_600);
  // Uploaded late; and a part of it so late that it can amend nothing any more.
  yield write(event('offline', now - 15_000, { context: page('/offline') }));
  yield write(event('offline', now - 14_500));
  yield write(event('offline', now - 14_800), 6_500, { headers: { trace: ['a', 'b'] } });
  yield write(event('old', now - 60_000), 100, { key: null });
  // Ahead of its record, by too much and by a little.
  yield write(event('ahead', now + 3_600_000));
  yield write(event('ahead', now + 700));
  // A bot: more than a visit may hold, within its span and past it; and one that goes on for too long.
  yield write(event('bot', now - 500, { type: 'page-view', context: page('/bot') }));
  yield write(event('bot', now - 100));
  for (let i = 0; i < 30; i++) yield write(event('bot', now - 450 + i * 10));
  for (let i = 0; i < 12; i++) yield write(event('bot', now + i * 20), i * 20);
  for (let i = 0; i < 6; i++) yield write(event('endless', now + i * 800), i * 800);
  // Clients send both; the next event is another visit's.
  yield write(event('out', now));
  yield write(event('out', now + 50, { type: 'sign-out' }), 50);
  yield write(event('out', now + 60, { type: 'visit-ended' }), 60);
  yield write(event('out', now + 120), 120);
  // Who wrote last, by event time and not by arrival, and from several partitions.
  for (const i of [3, 1, 2, 0]) {
    const traits = { name: `n${i}`, plan: i === 3 ? null : 'plus', score: i / 4, ok: i % 2 === 0, empty: '' };
    yield write(event(`trait${i}`, now + (i >> 1), { profile_id: 'shared', traits }), 300);
  }
  yield write(event('nobody', now, { traits: { name: 'of no profile' } }));
  // Texts, and a session id that producers sent to two partitions.
  const wide = { ...page('/\u{1f600}'.repeat(900)), extra: { π: '\u{ffff}', '\u{1f600}': 'x', a: '' } };
  yield write(event('\u{1f600}é', now, { context: wide, properties: { n: 1.5, s: 'x', none: null, yes: true } }));
  for (const partition of [0, 1])
    yield write(event('split', now + partition, { profile_id: 'shared' }), 0, { partition });
  // Debug traffic, by flag and by session id, with what it must not set.
  const traits = { name: 'debug' };
  yield write(event('debug', now, { debug: true, profile_id: 'shared', traits }));
  const constant = { session_id: '@debug-session-id', profile_id: 'shared', traits };
  yield write(event('', now, constant));
  // A device's clock that is wrong; a record that comes in a second time, with its own timestamp.
  yield write(event('skewed', now + 7_200_000, { sent_at: now + 7_200_400 }));
  const received = { 'tidemark-received-at': String(now - 5_000) };
  yield write(event('retried', now - 5_400, { sent_at: now - 5_000 }), 0, { headers: received });
  // No events.
  yield write(null, 0, { key: `\u{1f600}-${from}`, headers: { empty: '' } });
  yield write(Buffer.from([0, 0, 0, 0, 1]), 0, { key: null });
  yield write(event('x'.repeat(128), now));
  yield write(event('invalid', now, { event_id: 'e\0' }));
  yield write(event('invalid', now, { occurred_at: 5 }), 0, { writer: 'evolved' });
  yield write(event('invalid', now, { properties: { n: Number.NaN } }));
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, i]));
  yield write(event('invalid', now, { traits: many }));
}

/** An event of now. */
export function plainEvent(session: string, fields: Fields = {}, writer: SchemaName = 'ours'): Input {
  const what: SimulatedEvent = {
    ...{ event_id: crypto.randomUUID(), session_id: session, profile_id: `of ${session}`, source_id: null },
    ...{ type: 'page-view', occurred_at: Date.now(), sent_at: null, received_at: null, debug: false },
    ...{ context: null, properties: {}, traits: {} },
    ...fields,
  };
  return { delay: 0, key: session, what, writer, headers: {}, partition: null };
}
