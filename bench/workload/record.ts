/** TrackEvents in the Confluent wire format, by the schema of the workload (schema.ts): about 260 bytes each. */

import { murmurFinalizer } from '../../src/core/memory/murmur-finalizer.ts';
import { profileOf } from './answer.ts';
import { type Bytes, piece } from './bytes.ts';

export interface EventToWrite {
  readonly session: number;
  readonly index: number;
  /** ms since the epoch. */
  readonly occurredAt: number;
}

const PRODUCTS = 997;
const TYPES = ['page-view', 'page-view', 'page-view', 'product-click', 'add-to-cart', 'search'].map((type) =>
  piece((bytes) => bytes.text(type)),
);
const PAGES = Array.from({ length: PRODUCTS }, (_, product) =>
  piece((bytes) => {
    bytes.long(1); // context: present
    bytes.long(1); // page: present
    bytes.some(`https://shop.example/p/${product}`);
    bytes.some(`/p/${product}`);
    bytes.some(`Product ${product}`);
  }),
);
/** Referrer and campaign: the first event of a session has them. */
const CAME_FROM = piece((bytes) => {
  bytes.some('https://search.example/');
  bytes.long(1);
  for (const value of ['newsletter', 'email', 'autumn', null, null]) bytes.some(value);
});
const CAME_FROM_NOWHERE = piece((bytes) => {
  bytes.some(null);
  bytes.long(0);
});
const DEVICES = ['mobile', 'desktop'].map((type) =>
  piece((bytes) => {
    bytes.long(1);
    for (const value of [type, null, null, 'Android 14', 'Chrome 130', '412x915']) bytes.some(value);
  }),
);
const LOCATIONS = ['PL', 'DE', 'US', 'FR', 'BR', 'IN'].map((country) =>
  piece((bytes) => {
    bytes.long(1);
    for (const value of [country, null, null, 'Europe/Warsaw']) bytes.some(value);
    // ip, user agent, extra: none. Then one property, whose value, a double, follows.
    for (const value of [null, null]) bytes.some(value);
    bytes.byte(0);
    bytes.long(1);
    bytes.text('price');
    bytes.long(2);
  }),
);
const SOURCE = piece((bytes) => bytes.some('shop'));
/** sent_at and received_at: null; debug: false. */
const PLAIN = piece((bytes) => {
  for (let i = 0; i < 3; i++) bytes.byte(0);
});
const UUID_LENGTH = 36;
/** More than any event takes. */
export const MOST_BYTES = 512;

/** The session id: the record's key. */
export function writeSessionId(bytes: Bytes, session: number): void {
  const a = murmurFinalizer(session);
  bytes.uuid(
    a,
    murmurFinalizer(a ^ 0x5bd1e995),
    murmurFinalizer(session ^ 0x1b873593),
    murmurFinalizer(session ^ 0xcc9e2d51),
  );
}

export function partitionOf(session: number, partitions: number): number {
  return (murmurFinalizer(session ^ 0x27d4eb2f) >>> 0) % partitions;
}

/** Appends the record's value; there have to be `MOST_BYTES` left. */
export function writeEvent(bytes: Bytes, schemaId: number, event: EventToWrite, seed: number): void {
  const { session, index, occurredAt } = event;
  // Two words that no other event of the workload has, so no two ids are the same.
  const a = murmurFinalizer(session ^ Math.imul(seed, 0x9e3779b1));
  const b = murmurFinalizer(index ^ a);
  const drawn = murmurFinalizer(a ^ Math.imul(b, 0x85ebca6b)) >>> 0;
  bytes.byte(0);
  bytes.at = bytes.buffer.writeUInt32BE(schemaId, bytes.at);
  bytes.long(UUID_LENGTH);
  bytes.uuid(a, b, drawn, murmurFinalizer(drawn));
  bytes.long(UUID_LENGTH);
  writeSessionId(bytes, session);
  bytes.some(`p-${profileOf(session)}`);
  bytes.raw(SOURCE);
  bytes.raw(TYPES[drawn % TYPES.length]!);
  bytes.long(occurredAt);
  bytes.raw(PLAIN);
  bytes.raw(PAGES[drawn % PRODUCTS]!);
  bytes.raw(index === 0 ? CAME_FROM : CAME_FROM_NOWHERE);
  bytes.raw(DEVICES[drawn & 1]!);
  bytes.raw(LOCATIONS[session % LOCATIONS.length]!);
  bytes.double((drawn % 10_000) / 100);
  bytes.byte(0); // no more properties
  bytes.byte(0); // no traits
}
