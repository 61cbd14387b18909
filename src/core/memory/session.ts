import { type EventIds, PackedId, uuidText } from './event-ids.ts';
import type { StoredSummary } from './stored-summaries.ts';

/** Bits of the state; the bits above them count the pins. */
const [DEBUG, FULLY_LOADED, IN_NEXT_COMMIT, EVICTED, PIN] = [1, 2, 4, 8, 16];

/** The fields that few sessions need. */
interface Rare {
  storedSummary: StoredSummary | null;
  eventIds: EventIds | null;
  /** Ids of visits that were merged away while it was in memory. */
  mergedAway: Set<string> | null;
}

/**
 * `Object.is` compares the pointers first; `===` loads both strings' headers, and waits for memory. Mostly they are one
 * object, because the reader shares texts.
 */
function isSameText(text: string | null, other: string): boolean {
  return Object.is(text, other);
}

/** What a session reads and sets of a visit that it holds. */
interface VisitOfSession<V extends VisitOfSession<V>> {
  readonly startedAt: number;
  session: Session<V>;
}

/**
 * The visits that one session id, or its debug traffic, has in memory: by start, disjoint. There are as many sessions as
 * open visits, so a session's flags share one number.
 */
export class Session<V extends VisitOfSession<V>> {
  /** Null: `sessionId` makes it anew from the id's 128 bits. */
  protected text: string | null;
  /**
   * The session stays in memory until this record is folded, the last that it was looked up for; -1: none. A number, not
   * an offset: see `LookUps.numberOf`.
   */
  neededUntil = -1;
  /** Its slot in the eviction queue; -1: it is not there. */
  evictionSlot = -1;
  private state: number;
  /** One visit, or an array of several: most sessions never have a second visit. */
  private visits: V | V[] | null = null;
  private rare: Rare | null = null;

  constructor(sessionId: string, debug: boolean, fullyLoaded: boolean) {
    this.text = sessionId;
    this.state = (debug ? DEBUG : 0) | (fullyLoaded ? FULLY_LOADED : 0);
  }

  get sessionId(): string {
    return this.text!;
  }

  /** Sets `id` to its own. */
  readId(id: PackedId): PackedId {
    return id.set(this.text!);
  }

  /** Prefetches the session. */
  prefetch(): number {
    return this.neededUntil;
  }

  hasId(sessionId: string): boolean {
    return isSameText(this.text, sessionId);
  }

  /** Gives back the text of its id where it can be made again, because it will not be needed soon. */
  dropText(): void {}

  get debug(): boolean {
    return (this.state & DEBUG) !== 0;
  }

  /** All ended visits that an event may still touch are here, and all event ids that a resend may match. */
  get fullyLoaded(): boolean {
    return (this.state & FULLY_LOADED) !== 0;
  }

  set fullyLoaded(is: boolean) {
    this.set(FULLY_LOADED, is);
  }

  /** Something of it will be in the next commit. */
  get inNextCommit(): boolean {
    return (this.state & IN_NEXT_COMMIT) !== 0;
  }

  set inNextCommit(is: boolean) {
    this.set(IN_NEXT_COMMIT, is);
  }

  /** It left memory, and must not be used where a reference to it is left. */
  get evicted(): boolean {
    return (this.state & EVICTED) !== 0;
  }

  set evicted(is: boolean) {
    this.set(EVICTED, is);
  }

  /** Whether a commit that is not settled, the next one included, has something of it. Then it stays in memory. */
  get isPinned(): boolean {
    return this.state >= PIN;
  }

  pin(): void {
    this.state += PIN;
  }

  unpin(): void {
    this.state -= PIN;
  }

  /** Bounds what is missing where it is not fully loaded; null: nothing is known of that. */
  get storedSummary(): StoredSummary | null {
    return this.rare === null ? null : this.rare.storedSummary;
  }

  set storedSummary(summary: StoredSummary | null) {
    if (summary !== null || this.rare !== null) this.rareParts().storedSummary = summary;
  }

  /** The event ids of all visits that are not frozen, and maybe more; null: it has few visits, or the ids are not loaded. */
  get eventIds(): EventIds | null {
    return this.rare === null ? null : this.rare.eventIds;
  }

  set eventIds(ids: EventIds | null) {
    if (ids !== null || this.rare !== null) this.rareParts().eventIds = ids;
  }

  /**
   * A visit of it was merged away. The session remembers that until it leaves memory, because an answer of the store from
   * before the merge was committed may still have the visit.
   */
  mergeAway(visitId: string): void {
    const rare = this.rareParts();
    rare.mergedAway ??= new Set();
    rare.mergedAway.add(visitId);
  }

  wasMergedAway(visitId: string): boolean {
    return this.rare?.mergedAway?.has(visitId) ?? false;
  }

  get count(): number {
    const { visits } = this;
    if (visits === null) return 0;
    return Array.isArray(visits) ? visits.length : 1;
  }

  /** @param i from 0 to `count` - 1. */
  at(i: number): V {
    const { visits } = this;
    return Array.isArray(visits) ? visits[i]! : visits!;
  }

  /** All visits, in an array that is the caller's. */
  all(): V[] {
    const { visits } = this;
    if (visits === null) return [];
    return Array.isArray(visits) ? [...visits] : [visits];
  }

  insert(visit: V): void {
    visit.session = this;
    if (this.visits === null) {
      this.visits = visit;
      return;
    }
    if (!Array.isArray(this.visits)) this.visits = [this.visits];
    const { visits } = this;
    let i = visits.length;
    while (i > 0 && visits[i - 1]!.startedAt > visit.startedAt) i -= 1;
    if (i === visits.length) visits.push(visit);
    else visits.splice(i, 0, visit);
  }

  remove(visit: V): void {
    this.retain((each) => each !== visit);
  }

  /** Drops all visits that are not to be kept. */
  retain(isKept: (visit: V) => boolean): void {
    const kept = this.all().filter(isKept);
    this.visits = kept.length > 1 ? kept : (kept[0] ?? null);
  }

  private set(bit: number, is: boolean): void {
    if (is) this.state |= bit;
    else this.state &= ~bit;
  }

  private rareParts(): Rare {
    this.rare ??= { storedSummary: null, eventIds: null, mergedAway: null };
    return this.rare;
  }
}

/**
 * A session whose id is a UUID in canonical form: its 128 bits, and a text only while the session is in use. The bits, not
 * a hash of them: the text has to be made again.
 */
export class UuidSession<V extends VisitOfSession<V>> extends Session<V> {
  // V8 does not box integers of 32 bits with a sign.
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;

  /** @param id the same as `sessionId`, packed. */
  constructor(sessionId: string, id: PackedId, fullyLoaded: boolean) {
    super(sessionId, false, fullyLoaded);
    this.a = id.a;
    this.b = id.b;
    this.c = id.c;
    this.d = id.d;
  }

  override get sessionId(): string {
    this.text ??= uuidText(this.a, this.b, this.c, this.d);
    return this.text;
  }

  override readId(id: PackedId): PackedId {
    return id.setUuid(this.a, this.b, this.c, this.d);
  }

  override hasId(sessionId: string): boolean {
    if (this.text !== null) return isSameText(this.text, sessionId);
    const { isUuid, a, b, c, d } = asked.set(sessionId);
    if (!isUuid || this.a !== a || this.d !== d || this.b !== b || this.c !== c) return false;
    this.text = sessionId;
    return true;
  }

  override dropText(): void {
    this.text = null;
  }
}

/** Reused. */
const asked = new PackedId();
