/**
 * Summaries, of a few bytes each, of what the store has of sessions that left memory: enough to know of most events that
 * nothing there can matter to them. A session that comes back for its next visit then need not be looked up.
 *
 * Invariant: a summary bounds all visits of its session that are in the store and not in memory. If it left one out, an
 * event that belongs to that visit would begin another, and a resend would count twice. So a summary is made only of a
 * session that is fully loaded, and once the session is back in memory it has its summary with it.
 */
import { PackedId } from './event-ids.ts';
import { murmurFinalizer } from './murmur-finalizer.ts';
import { type Uuid, UuidTable } from './uuid-table.ts';

/** Bounds the visits that a session has in the store and not in memory. */
export interface StoredSummary {
  /** ms: an event later than this comes more than the gap after all of its visits. */
  readonly until: number;
  /** A Bloom filter of the event ids that a resend may match. */
  readonly ids: Int32Array;
}

/**
 * Integers of `StoredSummary.ids`. With ten ids in it, one other id in half a million is mistaken for one of them; with
 * thirty, one in fifteen hundred. Each mistake is a look-up: with half of the bits and four probes nearly all look-ups
 * were mistakes.
 */
export const SUMMARY_WORDS = 16;
const PROBES = 6;
/** Leaves as many of a hash's highest bits as number one bit of all. */
const SHIFT = 32 - Math.log2(SUMMARY_WORDS * 32);

/** Whether something that the summary stands for may matter to an event at `t`; false is certain. */
export function mayMatter({ until, ids }: StoredSummary, t: number, id: PackedId): boolean {
  if (t <= until) return true;
  let hash = id.hash32;
  for (let left = PROBES; left > 0; left--, hash = murmurFinalizer(hash)) if (!hasBit(ids, hash)) return false;
  return true;
}

/** Adds an id to `StoredSummary.ids`. */
export function addId(ids: Int32Array, id: PackedId): void {
  let hash = id.hash32;
  for (let left = PROBES; left > 0; left--, hash = murmurFinalizer(hash)) setBit(ids, hash);
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
  /** For whole sessions: how much at most, and now. */
  readonly maxBytes: number;
  usedBytes: number;
  /** For the summaries of others: how much at most, and now. */
  readonly maxSummaryBytes: number;
  summaryBytes: number;
}

/** One part in so many is for whole sessions: more would only be walked through by the garbage collector. */
const WHOLE_SESSION_SHARE = 8;

/** @param bytes in all. */
export function idleMemory(bytes: number): IdleMemory {
  const maxBytes = Math.floor(bytes / WHOLE_SESSION_SHARE);
  return { maxBytes, usedBytes: 0, maxSummaryBytes: bytes - maxBytes, summaryBytes: 0 };
}

/** The estimate of a summary whose id is a text: its numbers, that text and its entry in a map. */
const BYTES = 176;
/** The room doubles from the first, and grows by the second once that is less. */
const FIRST_ROOM = 8;
const MOST_MORE = 16_384;
/** In place of a text: the slot is free. */
const FREE = '';

/** The latest summaries: where room is short the oldest is dropped, and its session will be looked up. */
export class StoredSummaries extends UuidTable {
  private readonly memory: IdleMemory;
  /** Slots by ids that are no UUIDs. */
  private readonly textSlots = new Map<string, number>();
  /** A ring, filled from `next` on. null: the id is a UUID, and lies in `uuids`. */
  private readonly texts: (string | null)[] = [];
  private uuids = new Int32Array(0);
  private until = new Float64Array(0);
  private idBits = new Int32Array(0);
  private next = 0;
  private readonly id = new PackedId();

  constructor(memory: IdleMemory) {
    super();
    this.memory = memory;
  }

  /** @param id of a session that has no summary here. */
  put(id: PackedId, summary: StoredSummary): void {
    const slot = this.freeSlot();
    if (slot < 0) return;
    this.until[slot] = summary.until;
    this.idBits.set(summary.ids, slot * SUMMARY_WORDS);
    if (id.isUuid) {
      const { uuids } = this;
      uuids[slot * 4] = id.a;
      uuids[slot * 4 + 1] = id.b;
      uuids[slot * 4 + 2] = id.c;
      uuids[slot * 4 + 3] = id.d;
      this.texts[slot] = null;
      this.enter(id, slot);
    } else {
      this.texts[slot] = id.text;
      this.textSlots.set(id.text, slot);
    }
  }

  /** Removes and returns a session's summary; null if there is none. */
  take(id: PackedId): StoredSummary | null {
    const slot = id.isUuid ? this.indexOf(id) : (this.textSlots.get(id.text) ?? -1);
    if (slot < 0) return null;
    this.clear(slot);
    return { until: this.until[slot]!, ids: this.idBits.slice(slot * SUMMARY_WORDS, (slot + 1) * SUMMARY_WORDS) };
  }

  /** Gives back its share of the memory that partitions share. */
  close(): void {
    this.account(-this.texts.length);
  }

  protected override uuidAt(slot: number): Uuid {
    const { uuids } = this;
    return this.id.setUuid(uuids[slot * 4]!, uuids[slot * 4 + 1]!, uuids[slot * 4 + 2]!, uuids[slot * 4 + 3]!);
  }

  private clear(slot: number): void {
    const text = this.texts[slot]!;
    if (text === FREE) return;
    if (text === null) this.leave(slot);
    else this.textSlots.delete(text);
    this.texts[slot] = FREE;
  }

  /** Frees the next slot of the ring, or adds one behind the last where there is room. @returns -1: there is none. */
  private freeSlot(): number {
    if (this.next === this.texts.length && !this.grow()) this.next = 0;
    const slot = this.next;
    if (slot === this.texts.length) return -1;
    this.clear(slot);
    this.next += 1;
    return slot;
  }

  private grow(): boolean {
    const room = this.texts.length;
    const more = Math.min(Math.max(FIRST_ROOM, room), MOST_MORE);
    const { maxSummaryBytes, summaryBytes } = this.memory;
    if (summaryBytes + more * BYTES > maxSummaryBytes) return false;
    this.account(more);
    for (let i = 0; i < more; i++) this.texts.push(FREE);
    const { until, idBits, uuids } = this;
    this.until = new Float64Array(room + more);
    this.until.set(until);
    this.idBits = new Int32Array((room + more) * SUMMARY_WORDS);
    this.idBits.set(idBits);
    this.uuids = new Int32Array((room + more) * 4);
    this.uuids.set(uuids);
    return true;
  }

  private account(sessions: number): void {
    this.memory.summaryBytes += sessions * BYTES;
  }
}
