import { ByteCache } from '../bytes/byte-cache.ts';
import { PackedId } from '../core/memory/event-ids.ts';
import { asciiText } from './ascii.ts';
import { type Field, HINTS, type ReadStep } from './avro-plan.ts';
import { type Cursor, readLong, skip, skipNonNull, skipNull } from './cursor.ts';
import { Interned } from './interned.ts';
import { decodeUtf8, fits, isClean } from './text.ts';
import { MAX_ID, MAX_TYPE } from './track-event.ts';

/** Values of a span: profile and source, where it names them, and the session's id. */
const VALUES = 4;
const PROFILE = 0;
const SOURCE = 1;
const SESSION = 2;
const UUID_LENGTH = 36;

/**
 * Reads the ids and the type of an event: those that were met before are not decoded again, and are the same objects. A
 * value that may break a bound sets `needsSlowPath`; the full decoder then decides.
 */
export class IdReader {
  needsSlowPath = false;
  /** The event's own. */
  readonly id = new PackedId();
  /** Each session that was met lately, with its owner, and hints of its last event's slots. */
  readonly sessions = new ByteCache(4_096, 192, HINTS);
  /** Slot of the current event's session, and where the id lies in the cursor's buffer; -1: nowhere. */
  session = -1;
  sessionAt = -1;
  sessionEnd = -1;
  profileId: string | null = null;
  sourceId: string | null = null;

  readonly #sessionValues = new Array<string | null>(this.sessions.slots * VALUES).fill(null);
  readonly #types = new ByteCache(64, 64);
  readonly #typeTexts = new Array<string>(this.#types.slots).fill('');
  /** Owners for writers that name profile and source elsewhere than behind the session. */
  readonly #owners = new ByteCache(1_024, 128);
  readonly #ownerIds = new Array<string | null>(this.#owners.slots * VALUES).fill(null);
  /** Sources are few, and shared. Profiles are many: to look each up costs more than it spares. */
  readonly #sources = new Interned(1_024);

  /** Prepares for another event. */
  clear(): void {
    this.needsSlowPath = false;
    this.session = -1;
    this.sessionAt = -1;
    this.profileId = null;
    this.sourceId = null;
  }

  /** The event's own id, into `id`. @returns whether there is one. */
  eventId(c: Cursor, field: Field): boolean {
    if (this.#uuid(c, field)) return true;
    const text = this.#text(c, field, MAX_ID);
    this.id.set(text);
    return text !== '';
  }

  /** Reads a UUID in canonical form, which most ids are, without making a text. Moves over nothing where it is none. */
  #uuid(c: Cursor, field: Field): boolean {
    if (!field.isSimple || skipNull(c, field.nullByte)) return false;
    const { buf, pos, end } = c;
    // The text begins behind the union's index, where there is one, and its length.
    const at = pos + (field.nullByte < 0 ? 1 : 2);
    if (buf[at - 1] !== UUID_LENGTH * 2 || at + UUID_LENGTH > end || !this.id.setAscii(buf, at)) return false;
    if (!skipNonNull(c, field.nullByte)) return false;
    c.pos = at + UUID_LENGTH;
    return true;
  }

  /** The session id, with profile and source where they follow it. */
  sessionAndOwner(c: Cursor, { fields, fieldId }: ReadStep): string {
    const { sessions } = this;
    const field = fields[0]!;
    const begin = c.pos;
    if (!field.isSimple || !skipNonNull(c, field.nullByte)) return this.#readSessionAndOwner(c, fields);
    const length = readLong(c);
    const at = c.pos;
    skip(c, length);
    this.sessionAt = at;
    this.sessionEnd = c.pos;
    for (let i = 1; i < fields.length; i++) fields[i]!.skip(c);
    const span = c.pos - begin;
    const isShort = span <= sessions.longest;
    let slot = isShort ? sessions.findByPart(c, begin, span, fieldId, at, length) : -1;
    const values = this.#sessionValues;
    if (slot >= 0) {
      this.session = slot;
      this.#setOwner(values, slot);
      return values[slot * VALUES + SESSION]!;
    }
    c.pos = begin;
    const sessionId = this.#readSessionAndOwner(c, fields);
    if (isShort && !this.needsSlowPath) {
      slot = sessions.put(c, begin, span, fieldId);
      this.session = slot;
      this.#storeOwner(values, slot, fields);
      values[slot * VALUES + SESSION] = sessionId;
    }
    return sessionId;
  }

  /** Touches what is cached of the sessions in the first `count` of these slots: for `prefetched`. */
  prefetch(slots: Int32Array, count: number): number {
    const values = this.#sessionValues;
    let sum = this.sessions.prefetch(slots, count);
    for (let i = 0; i < count; i++) if (values[slots[i]! * VALUES + SESSION] !== null) sum += 1;
    return sum;
  }

  type(c: Cursor, field: Field): string {
    const types = this.#types;
    const begin = c.pos;
    field.skip(c);
    const span = c.pos - begin;
    const isShort = span <= types.longest;
    let slot = isShort ? types.find(c, begin, span, field.fieldId) : -1;
    if (slot >= 0) return this.#typeTexts[slot]!;
    c.pos = begin;
    const text = this.#text(c, field, MAX_TYPE);
    if (isShort && !this.needsSlowPath) {
      slot = types.put(c, begin, span, field.fieldId);
      this.#typeTexts[slot] = text;
    }
    return text;
  }

  /** Reads profile, source or both, as they follow each other. */
  owner(c: Cursor, { fields, fieldId }: ReadStep): void {
    const owners = this.#owners;
    const begin = c.pos;
    for (let i = 0; i < fields.length; i++) fields[i]!.skip(c);
    const span = c.pos - begin;
    const isShort = span <= owners.longest;
    const slot = isShort ? owners.find(c, begin, span, fieldId) : -1;
    if (slot >= 0) {
      this.#setOwner(this.#ownerIds, slot);
      return;
    }
    c.pos = begin;
    this.#readOwner(c, fields, 0);
    if (isShort && !this.needsSlowPath) this.#storeOwner(this.#ownerIds, owners.put(c, begin, span, fieldId), fields);
  }

  /** Keeps a field that is not in the slot: it may have stood elsewhere. */
  #setOwner(values: readonly (string | null)[], slot: number): void {
    this.profileId = values[slot * VALUES + PROFILE] ?? this.profileId;
    this.sourceId = values[slot * VALUES + SOURCE] ?? this.sourceId;
  }

  #storeOwner(values: (string | null)[], slot: number, fields: readonly Field[]): void {
    const has = (name: string) => fields.some((field) => field.name === name);
    values[slot * VALUES + PROFILE] = has('profile_id') ? this.profileId : null;
    values[slot * VALUES + SOURCE] = has('source_id') ? this.sourceId : null;
  }

  #readSessionAndOwner(c: Cursor, fields: readonly Field[]): string {
    const sessionId = this.#text(c, fields[0]!, MAX_ID);
    this.#readOwner(c, fields, 1);
    return sessionId;
  }

  #readOwner(c: Cursor, fields: readonly Field[], from: number): void {
    for (let i = from; i < fields.length; i++) {
      const field = fields[i]!;
      const text = this.#text(c, field, MAX_ID);
      if (text === '') continue;
      if (field.name === 'profile_id') this.profileId = text;
      else this.sourceId = this.#sources.of(text);
    }
  }

  /** Reads a text that is not cached by itself: it is not met again, or is cached with its neighbours. */
  #text(c: Cursor, field: Field, max: number): string {
    if (skipNull(c, field.nullByte)) return '';
    if (!field.isSimple || !skipNonNull(c, field.nullByte)) {
      const text = (field.read(c) as string | null) ?? '';
      if (!isClean(text) || !fits(text, max)) this.needsSlowPath = true;
      return text;
    }
    const length = readLong(c);
    const at = c.pos;
    skip(c, length);
    if (length > max) {
      this.needsSlowPath = true;
      return '';
    }
    return length === 0 ? '' : this.#decode(c, at, length);
  }

  #decode(c: Cursor, at: number, length: number): string {
    const ascii = asciiText(c, at, length);
    if (ascii !== null) return ascii;
    const text = decodeUtf8(c.buf.subarray(at, at + length));
    if (!isClean(text)) this.needsSlowPath = true;
    return text;
  }
}
