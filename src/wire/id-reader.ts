import { asciiText } from './ascii.ts';
import { type Field, NOTES, type Step } from './avro-plan.ts';
import { type Cursor, isNone, isSome, readLong, skip } from './cursor.ts';
import { Interned } from './interned.ts';
import { SpanIndex } from './span-index.ts';
import { decodeUtf8, fits, isClean } from './text.ts';
import { MAX_ID, MAX_TYPE } from './track-event.ts';

const NO_TEXTS: string[] = [];

/**
 * Reads the ids and the type of an event: those that stood in others before are not decoded again, and are the same
 * objects. What may break a bound makes the event odd, that is, left to be judged by others.
 */
export class IdReader {
  isOdd = false;
  /** Each session that was met lately; noted to it is what its last event said. */
  readonly sessions = new SpanIndex(4_096, 128, NOTES);
  /** Of the event at hand: the slot of its session, and where the id lies in the cursor's buffer; -1: nowhere. */
  session = -1;
  sessionAt = -1;
  sessionEnd = -1;
  profileId: string | null = null;
  sourceId: string | null = null;

  readonly #sessionIds = textsOf(this.sessions);
  readonly #types = new SpanIndex(64, 64);
  readonly #typeTexts = textsOf(this.#types);
  readonly #owners = new SpanIndex(1_024, 128);
  /** Profile and source of each slot; those behind the last are not kept. */
  readonly #ownerIds = new Array<string | null>(this.#owners.slots * 2 + 2).fill(null);
  /** Many profiles have one source. Profiles are many: to look for each among those before costs more than it spares. */
  readonly #sources = new Interned(1_024);
  /** Where the text read last begins, and its slot. */
  #at = -1;
  #slot = -1;

  /** Begins with another event. */
  clear(): void {
    this.isOdd = false;
    this.session = -1;
    this.sessionAt = -1;
    this.profileId = null;
    this.sourceId = null;
  }

  /** Empty where there is none; as the two below. */
  eventId(c: Cursor, field: Field): string {
    return this.#text(c, field, MAX_ID, null, NO_TEXTS);
  }

  sessionId(c: Cursor, field: Field): string {
    const text = this.#text(c, field, MAX_ID, this.sessions, this.#sessionIds);
    this.session = this.#slot;
    this.sessionAt = this.#at;
    this.sessionEnd = c.pos;
    return text;
  }

  type(c: Cursor, field: Field): string {
    return this.#text(c, field, MAX_TYPE, this.#types, this.#typeTexts);
  }

  /** Profile, source or both, as they follow each other. */
  owner(c: Cursor, step: Step): void {
    const slot = this.#owner(c, step) * 2;
    this.profileId = this.#ownerIds[slot] ?? this.profileId;
    this.sourceId = this.#ownerIds[slot + 1] ?? this.sourceId;
  }

  #owner(c: Cursor, { fields, kind, note }: Step): number {
    const owners = this.#owners;
    const { sessions, session } = this;
    const isNoted = session >= 0 && note >= 0;
    const last = isNoted ? sessions.note(session, note) : -1;
    if (owners.guess(c, last, kind)) return last;
    const at = c.pos;
    for (let i = 0; i < fields.length; i++) fields[i]!.skip(c);
    const length = c.pos - at;
    const isShort = length <= owners.longest;
    let slot = isShort ? owners.find(c, at, length, kind) : -1;
    if (slot < 0) {
      c.pos = at;
      slot = this.#keepOwner(c, at, length, fields, kind);
    }
    if (isNoted && slot < owners.slots) sessions.setNote(session, note, slot);
    return slot;
  }

  #keepOwner(c: Cursor, at: number, length: number, fields: readonly Field[], kind: number): number {
    let profileId: string | null = null;
    let sourceId: string | null = null;
    for (const field of fields) {
      const text = this.#text(c, field, MAX_ID, null, NO_TEXTS);
      if (text === '') continue;
      if (field.name === 'profile_id') profileId = text;
      else sourceId = this.#sources.of(text);
    }
    const owners = this.#owners;
    const slot = length <= owners.longest && !this.isOdd ? owners.put(c, at, length, kind) : owners.slots;
    this.#ownerIds[slot * 2] = profileId;
    this.#ownerIds[slot * 2 + 1] = sourceId;
    return slot;
  }

  /** @param spans null: such texts are not met again, or are kept with what is around them. */
  #text(c: Cursor, field: Field, max: number, spans: SpanIndex | null, texts: string[]): string {
    this.#at = -1;
    this.#slot = -1;
    if (isNone(c, field.none)) return '';
    if (!field.plain || !isSome(c, field.none)) {
      const text = (field.read(c) as string | null) ?? '';
      if (!isClean(text) || !fits(text, max)) this.isOdd = true;
      return text;
    }
    const length = readLong(c);
    const at = c.pos;
    skip(c, length);
    if (length === 0) return '';
    this.#at = at;
    if (length > max) {
      this.isOdd = true;
      return '';
    }
    if (spans === null || length > spans.longest) return this.#decode(c, at, length);
    let slot = spans.find(c, at, length, 0);
    if (slot < 0) {
      const text = this.#decode(c, at, length);
      if (this.isOdd) return '';
      slot = spans.put(c, at, length, 0);
      texts[slot] = text;
    }
    this.#slot = slot;
    return texts[slot]!;
  }

  #decode(c: Cursor, at: number, length: number): string {
    const ascii = asciiText(c, at, length);
    if (ascii !== null) return ascii;
    const text = decodeUtf8(c.buf.subarray(at, at + length));
    if (!isClean(text)) this.isOdd = true;
    return text;
  }
}

/** A place for the text of each slot. */
function textsOf({ slots }: SpanIndex): string[] {
  return new Array<string>(slots).fill('');
}
