/**
 * What the store holds of sessions that left memory, in a few bytes each: enough to know of most events that nothing of
 * it can matter to them. A session that comes back for its next visit then need not be looked up.
 *
 * Invariant: what is told of a session bounds all of its visits in the store that are not in memory. If it left one out,
 * an event that belongs to that visit would begin another, and a resend would count twice. So a session is told of only
 * by one who knows all of it, and from the moment it is back in memory it is told of there and no more here.
 */
import { EventId } from './event-ids.ts';
import { mix } from './mix.ts';
import { type Uuid, UuidTable } from './uuid-table.ts';

/** Bounds what a session has in the store and not in memory. */
export interface Past {
  /** ms: an event later than this is more than the gap behind all of its visits. */
  readonly until: number;
  /** A Bloom filter of the event ids that a resend may match. */
  readonly ids: Int32Array;
}

/**
 * Integers of `Past.ids`: of ten ids one other in half a million is taken for one of them, of thirty one in fifteen hundred.
 * Each that is has its session looked up: with half of the bits and four probes nearly all look-ups were such.
 */
export const PAST_IDS = 16;
const PROBES = 6;
/** The highest bits of a hash, as many as tell one of all bits. */
const SHIFT = 32 - Math.log2(PAST_IDS * 32);

/** Whether something of the past may matter to an event at `t`; false is certain. */
export function mayMatter({ until, ids }: Past, t: number, id: EventId): boolean {
  if (t <= until) return true;
  let hash = id.mixed;
  for (let left = PROBES; left > 0; left--, hash = mix(hash)) if (!hasBit(ids, hash)) return false;
  return true;
}

/** Adds an id to `Past.ids`. */
export function addId(ids: Int32Array, id: EventId): void {
  let hash = id.mixed;
  for (let left = PROBES; left > 0; left--, hash = mix(hash)) setBit(ids, hash);
}

function hasBit(ids: Int32Array, hash: number): boolean {
  const bit = hash >>> SHIFT;
  return (ids[bit >> 5]! & (1 << (bit & 31))) !== 0;
}

function setBit(ids: Int32Array, hash: number): void {
  const bit = hash >>> SHIFT;
  ids[bit >> 5]! |= 1 << (bit & 31);
}

/** Memory for sessions without an open visit, shared by all partitions of a processor. */
export interface IdleMemory {
  /** Of sessions that are held whole: how much at most, and now. */
  readonly maxBytes: number;
  usedBytes: number;
  /** As these, of sessions of which only their past is held. */
  readonly maxPastBytes: number;
  pastBytes: number;
}

/** One part in so many is for sessions that are held whole: more would only be walked through by the collector. */
const WHOLE = 8;

/** @param bytes in all. */
export function idleMemory(bytes: number): IdleMemory {
  const maxBytes = Math.floor(bytes / WHOLE);
  return { maxBytes, usedBytes: 0, maxPastBytes: bytes - maxBytes, pastBytes: 0 };
}

/** What a session is reckoned at where its id is a text: its numbers, that text and its entry in a map. */
const BYTES = 176;
/** It grows to twice as much, and from some point on by so much. */
const FIRST_ROOM = 8;
const MOST_MORE = 16_384;
/** In place of a text: it is nobody's place. */
const NOBODY = '';

/** The pasts of sessions, the latest of them: where room is short the oldest is forgotten, which denies nothing. */
export class PastSessions extends UuidTable {
  private readonly memory: IdleMemory;
  /** Of ids that are no UUIDs. */
  private readonly textPlaces = new Map<string, number>();
  /** A ring, filled from `next` on. null: the id is a UUID, and lies in `uuids`. */
  private readonly texts: (string | null)[] = [];
  private uuids = new Int32Array(0);
  private until = new Float64Array(0);
  private idBits = new Int32Array(0);
  private next = 0;
  private readonly id = new EventId();

  constructor(memory: IdleMemory) {
    super();
    this.memory = memory;
  }

  /** Of a session that is not here. */
  put(id: EventId, past: Past): void {
    const place = this.free();
    if (place < 0) return;
    this.until[place] = past.until;
    this.idBits.set(past.ids, place * PAST_IDS);
    if (id.isUuid) {
      const { uuids } = this;
      uuids[place * 4] = id.a;
      uuids[place * 4 + 1] = id.b;
      uuids[place * 4 + 2] = id.c;
      uuids[place * 4 + 3] = id.d;
      this.texts[place] = null;
      this.enter(id, place);
    } else {
      this.texts[place] = id.text;
      this.textPlaces.set(id.text, place);
    }
  }

  /** What is known of a session, which from now on is told of elsewhere; null: nothing. */
  take(id: EventId): Past | null {
    const place = id.isUuid ? this.placeOf(id) : (this.textPlaces.get(id.text) ?? -1);
    if (place < 0) return null;
    this.clear(place);
    return { until: this.until[place]!, ids: this.idBits.slice(place * PAST_IDS, (place + 1) * PAST_IDS) };
  }

  /** Gives back the memory that it took its share of. */
  close(): void {
    this.account(-this.texts.length);
  }

  protected override uuidAt(place: number): Uuid {
    const { uuids } = this;
    return this.id.setUuid(uuids[place * 4]!, uuids[place * 4 + 1]!, uuids[place * 4 + 2]!, uuids[place * 4 + 3]!);
  }

  /** From now on it is nobody's place. */
  private clear(place: number): void {
    const text = this.texts[place]!;
    if (text === NOBODY) return;
    if (text === null) this.leave(place);
    else this.textPlaces.delete(text);
    this.texts[place] = NOBODY;
  }

  /** @returns the next place, whoever has it, or a new one behind the last where there may be more; -1: there is none. */
  private free(): number {
    if (this.next === this.texts.length && !this.grow()) this.next = 0;
    const place = this.next;
    if (place === this.texts.length) return -1;
    this.clear(place);
    this.next += 1;
    return place;
  }

  private grow(): boolean {
    const room = this.texts.length;
    const more = Math.min(Math.max(FIRST_ROOM, room), MOST_MORE);
    const { maxPastBytes, pastBytes } = this.memory;
    if (pastBytes + more * BYTES > maxPastBytes) return false;
    this.account(more);
    for (let i = 0; i < more; i++) this.texts.push(NOBODY);
    const { until, idBits, uuids } = this;
    this.until = new Float64Array(room + more);
    this.until.set(until);
    this.idBits = new Int32Array((room + more) * PAST_IDS);
    this.idBits.set(idBits);
    this.uuids = new Int32Array((room + more) * 4);
    this.uuids.set(uuids);
    return true;
  }

  private account(sessions: number): void {
    this.memory.pastBytes += sessions * BYTES;
  }
}
