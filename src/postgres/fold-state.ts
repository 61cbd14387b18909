import type { Json, Utm } from '../core/event.ts';
import type { Stamped, Visit } from '../core/visit.ts';
import { type ByteWriter, isCanonicalUuid } from './bytes.ts';

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
  const singles = [visit.profile, visit.source, visit.entry, visit.exit, visit.utm, ...visit.named];
  const stamps = new Stamps();
  const indexes = singles.map((stamp) => (stamp === null ? 0 : stamps.indexOf(stamp) + 1));
  const contextIndexes: number[] = [];
  for (const stamp of visit.context.values()) contextIndexes.push(stamps.indexOf(stamp) + 1);

  out.byte(VERSION);
  out.varint(stamps.all.length);
  for (const { t, eventId } of stamps.all) {
    const after = t - visit.startedAt;
    out.varint(after >= 0 ? after * 2 : -after * 2 - 1);
    writeId(out, eventId);
  }
  for (const index of indexes) out.varint(index);
  out.varint(visit.context.size);
  let i = 0;
  for (const key of visit.context.keys()) {
    writeText(out, key);
    out.varint(contextIndexes[i++]!);
  }
  out.varint(visit.types.size);
  for (const [type, count] of visit.types) {
    writeText(out, type);
    out.varint(count);
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
  readonly context: { readonly [key: string]: Json };
}

/** Sets all stamped fields and the types of `visit`, whose `startedAt` is set. */
export function readFoldState(blob: Buffer, values: StampedValues, visit: Visit): void {
  const input = new Reader(blob);
  const version = input.byte();
  if (version !== VERSION) {
    throw new Error(`visit ${visit.id} has fold state of version ${version}, not ${VERSION}: use a newer tidemark`);
  }
  const stamps = Array.from({ length: input.varint() }, () => {
    const zigzag = input.varint();
    const t = visit.startedAt + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
    return { t, eventId: input.id() };
  });
  const stamp = <T>(value: T): Stamped<T> | null => {
    const index = input.varint();
    return index === 0 ? null : { t: stamps[index - 1]!.t, eventId: stamps[index - 1]!.eventId, value };
  };
  visit.profile = stamp(values.profile as string);
  visit.source = stamp(values.source as string);
  visit.entry = stamp({ page: values.entryPage as string, referrer: values.referrer });
  visit.exit = stamp(values.exitPage as string);
  visit.utm = stamp(values.utm);
  visit.named = values.named.map((value) => stamp(value as string));
  for (let left = input.varint(); left > 0; left -= 1) {
    const key = input.text();
    visit.context.set(key, stamp(values.context[key] as Json)!);
  }
  for (let left = input.varint(); left > 0; left -= 1) {
    const type = input.text();
    visit.types.set(type, input.varint());
  }
}

/** Distinct (t, event id), in order of first use. Mostly a handful, which a scan finds faster than a map. */
class Stamps {
  readonly all: { readonly t: number; readonly eventId: string }[] = [];
  #index: Map<string, number> | null = null;

  indexOf(stamp: { readonly t: number; readonly eventId: string }): number {
    const { all } = this;
    if (this.#index !== null) return this.#find(stamp, this.#index);
    for (let i = all.length - 1; i >= 0; i -= 1) {
      if (all[i]!.t === stamp.t && all[i]!.eventId === stamp.eventId) return i;
    }
    all.push(stamp);
    if (all.length > 16) this.#index = new Map(all.map(({ t, eventId }, i) => [`${t} ${eventId}`, i]));
    return all.length - 1;
  }

  #find(stamp: { readonly t: number; readonly eventId: string }, index: Map<string, number>): number {
    const key = `${stamp.t} ${stamp.eventId}`;
    const found = index.get(key) ?? this.all.push(stamp) - 1;
    index.set(key, found);
    return found;
  }
}

/** 0 and 16 bytes for a UUID, else length + 1 and UTF-8. */
function writeId(out: ByteWriter, id: string): void {
  if (isCanonicalUuid(id)) {
    out.byte(0);
    out.uuid(id);
  } else {
    out.varint(Buffer.byteLength(id) + 1);
    out.utf8(id);
  }
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

  id(): string {
    const length = this.varint();
    if (length > 0) return this.#utf8(length - 1);
    const hex = this.#bytes.toString('hex', this.#at, this.#at + 16);
    this.#at += 16;
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  #utf8(length: number): string {
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }
}
