import { type ContextEntry, NAMED, type Utm } from '../core/event.ts';
import { Stamp } from '../core/stamp.ts';
import { TypeCounts } from '../core/type-counts.ts';
import { contextStampAt, namedStampAt, type Visit } from '../core/visit.ts';
import type { ByteWriter } from './bytes.ts';

/**
 * What only the fold needs of a visit and no view shows, as a blob beside the columns that hold the values: from which
 * event each value comes, and how many events of each type there were.
 *
 * Invariant: a visit that is written and read back is equal to what it was, the order in its maps included, so that
 * whether a visit stayed in memory or was loaded can decide nothing.
 *
 * Layout, integers as varints: version; stamps: count, then each as its time against `startedAt` (zigzag) and its event
 * id; then the stamp (0: null, else its index + 1) of profile, source, entry, exit, UTM and the eight named values;
 * context: count, then each key and its stamp; types: count, then each type and its number.
 */
const VERSION = 1;

export function writeFoldState(out: ByteWriter, visit: Visit): void {
  stamps.clear();
  stamps.use(visit.profileStamp);
  stamps.use(visit.sourceStamp);
  stamps.use(visit.entryStamp);
  stamps.use(visit.exitStamp);
  stamps.use(visit.utmStamp);
  for (let i = 0; i < NAMED.length; i += 1) stamps.use(namedStampAt(visit, i));
  for (let i = 0; i < visit.context.length; i += 1) stamps.use(contextStampAt(visit, i));

  out.byte(VERSION);
  out.varint(stamps.all.length);
  for (const stamp of stamps.all) {
    const after = stamp.t - visit.startedAt;
    out.varint(after >= 0 ? after * 2 : -after * 2 - 1);
    writeId(out, stamp);
  }
  let use = 0;
  for (; use < SINGLE; use += 1) out.varint(stamps.used[use]!);
  const { context, types } = visit;
  out.varint(context.length);
  for (let i = 0; i < context.length; i += 1) {
    writeText(out, context[i]![0]);
    out.varint(stamps.used[use++]!);
  }
  out.varint(types.size);
  for (let i = 0; i < types.size; i += 1) {
    writeText(out, types.typeAt(i));
    out.varint(types.countAt(i));
  }
}

/** The values that the blob's stamps belong to, as the columns hold them. */
export interface StampedValues {
  readonly profile: string | null;
  readonly source: string | null;
  readonly entryPage: string | null;
  readonly referrer: string | null;
  readonly exitPage: string | null;
  readonly utm: Utm;
  readonly named: readonly (string | null)[];
  /** In the order in which it was written. */
  readonly context: readonly ContextEntry[];
}

/** Sets all stamped fields and the types of `visit`, whose `startedAt` is set. */
export function readFoldState(blob: Buffer, values: StampedValues, visit: Visit): void {
  const input = new Reader(blob);
  const version = input.byte();
  if (version !== VERSION) {
    throw new Error(`visit ${visit.id} has fold state of version ${version}, not ${VERSION}: use a newer tidemark`);
  }
  const read = Array.from({ length: input.varint() }, (): Stamp => {
    const zigzag = input.varint();
    const t = visit.startedAt + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
    return input.stamp(t);
  });
  const stamp = (): Stamp | null => {
    const index = input.varint();
    return index === 0 ? null : read[index - 1]!;
  };
  visit.profileId = values.profile;
  visit.profileStamp = stamp();
  visit.sourceId = values.source;
  visit.sourceStamp = stamp();
  visit.entryPage = values.entryPage;
  visit.referrer = values.referrer;
  visit.entryStamp = stamp();
  visit.exitPage = values.exitPage;
  visit.exitStamp = stamp();
  visit.utmStamp = stamp();
  visit.utm = visit.utmStamp === null ? null : values.utm;
  visit.named = values.named;
  visit.namedStamps = oneOrEach(values.named.map(stamp));
  const contextStamps: Stamp[] = [];
  for (let left = input.varint(); left > 0; left -= 1) {
    input.skipText();
    contextStamps.push(stamp()!);
  }
  visit.context = values.context;
  visit.contextStamps = oneOrEach(contextStamps) as Stamp | Stamp[] | null;
  const types: [string, number][] = [];
  for (let left = input.varint(); left > 0; left -= 1) types.push([input.text(), input.varint()]);
  visit.types = TypeCounts.of(types);
}

/** One stamp where all that there are are the same, as mostly they are; null where there is none. */
function oneOrEach(stamps: (Stamp | null)[]): Stamp | (Stamp | null)[] | null {
  const one = stamps.find((stamp) => stamp !== null) ?? null;
  return stamps.every((stamp) => stamp === null || stamp === one) ? one : stamps;
}

/** Distinct (t, event id) in order of first use, and which of them each use was of. */
class Stamps {
  readonly all: Stamp[] = [];
  /** 0: null, else the index in `all` + 1. */
  readonly used: number[] = [];
  readonly #index = new Map<string, number>();

  clear(): void {
    this.all.length = 0;
    this.used.length = 0;
    if (this.#index.size > 0) this.#index.clear();
  }

  use(stamp: Stamp | null): void {
    this.used.push(stamp === null ? 0 : this.#find(stamp) + 1);
  }

  /** Mostly there is a handful, which a scan finds faster than a map. */
  #find(stamp: Stamp): number {
    const { all } = this;
    for (let i = 0; i < all.length && i < SCANNED; i += 1) {
      if (all[i] === stamp || isSame(all[i]!, stamp)) return i;
    }
    if (all.length < SCANNED) return all.push(stamp) - 1;
    const key = `${stamp.t} ${stamp.eventId}`;
    const found = this.#index.get(key) ?? all.push(stamp) - 1;
    this.#index.set(key, found);
    return found;
  }
}

const SCANNED = 8;
/** Profile, source, entry, exit, UTM and the named values. */
const SINGLE = 5 + NAMED.length;
/** One for all visits: a commit writes them one after the other. */
const stamps = new Stamps();

/** 0 and 16 bytes for a UUID, else length + 1 and UTF-8. */
function writeId(out: ByteWriter, { text, a, b, c, d }: Stamp): void {
  if (text === null) {
    out.byte(0);
    for (const word of [a, b, c, d]) out.int32(word);
  } else {
    out.varint(Buffer.byteLength(text) + 1);
    out.utf8(text);
  }
}

function isSame(one: Stamp, other: Stamp): boolean {
  return (
    one.t === other.t &&
    one.text === other.text &&
    one.a === other.a &&
    one.b === other.b &&
    one.c === other.c &&
    one.d === other.d
  );
}

function writeText(out: ByteWriter, text: string): void {
  out.varint(Buffer.byteLength(text));
  out.utf8(text);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length)
      throw new Error('fold state ends too early: the row was changed by another hand');
    return this.#bytes[this.#at++]!;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    return this.#utf8(this.varint());
  }

  skipText(): void {
    const length = this.varint();
    this.#at += length;
  }

  /** What follows is an id: of an event of this time. */
  stamp(t: number): Stamp {
    const length = this.varint();
    if (length > 0) return Stamp.of(t, this.#utf8(length - 1));
    const word = () => {
      this.#at += 4;
      return this.#bytes.readInt32BE(this.#at - 4);
    };
    return new Stamp(t, null, word(), word(), word(), word());
  }

  #utf8(length: number): string {
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }
}
