import { EventId, type EventIds, uuidText } from './event-ids.ts';
import type { Past } from './past-sessions.ts';
import type { Visit } from './visit.ts';

/** Bits of the state; above them the number of holds. */
const [DEBUG, FULLY_LOADED, IN_NEXT_COMMIT, EVICTED, PIN] = [1, 2, 4, 8, 16];

/** What few sessions have. */
interface Rare {
  past: Past | null;
  eventIds: EventIds | null;
  /** Ids of visits that were merged away while it was in memory. */
  mergedAway: Set<string> | null;
}

/**
 * `===`, but that would read both to know that they are texts, and wait for memory. Mostly they are one object, for a
 * reader shares texts, and this sees it without reading them.
 */
function isSameText(text: string | null, other: string): boolean {
  return Object.is(text, other);
}

/**
 * The visits that one session id, or its debug traffic, has in memory: by start, disjoint. There is one for each open
 * visit, so its small choices share a number.
 */
export class Session {
  /** Null: it is made of what else is known of the id where somebody asks. */
  protected text: string | null;
  /**
   * The last record that it was looked up for, counted from where the partition began; -1: none. Until that one is folded
   * it stays in memory.
   */
  neededUntil = -1;
  /** Where it stands among those that may leave memory, for the moment; -1: it may not. */
  evictionSlot = -1;
  private state: number;
  /** Most sessions never have a second visit: the only one stands here, several in an array. */
  private visits: Visit | Visit[] | null = null;
  private rare: Rare | null = null;

  constructor(sessionId: string, debug: boolean, fullyLoaded: boolean) {
    this.text = sessionId;
    this.state = (debug ? DEBUG : 0) | (fullyLoaded ? FULLY_LOADED : 0);
  }

  get sessionId(): string {
    return this.text!;
  }

  /** Sets `id` to its own. */
  readId(id: EventId): EventId {
    return id.set(this.text!);
  }

  /** Reads something of it: for `prefetched`. */
  prefetch(): number {
    return this.neededUntil;
  }

  hasId(sessionId: string): boolean {
    return isSameText(this.text, sessionId);
  }

  /** Nobody will ask for its id soon: a text that can be made again is given back. */
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

  /** It left memory: whoever still has it must not use it. */
  get evicted(): boolean {
    return (this.state & EVICTED) !== 0;
  }

  set evicted(is: boolean) {
    this.set(EVICTED, is);
  }

  /** Whether a commit, the next one included, holds something of it and is not settled. Then it stays in memory. */
  get isPinned(): boolean {
    return this.state >= PIN;
  }

  pin(): void {
    this.state += PIN;
  }

  unpin(): void {
    this.state -= PIN;
  }

  /** Where it is not complete: bounds what is missing; null: nothing is known of that. */
  get past(): Past | null {
    return this.rare === null ? null : this.rare.past;
  }

  set past(past: Past | null) {
    if (past !== null || this.rare !== null) this.rareParts().past = past;
  }

  /** Of many visits, the event ids of all that are not frozen, and maybe more; null: of few, or not made yet. */
  get eventIds(): EventIds | null {
    return this.rare === null ? null : this.rare.eventIds;
  }

  set eventIds(ids: EventIds | null) {
    if (ids !== null || this.rare !== null) this.rareParts().eventIds = ids;
  }

  /**
   * A visit of it is no more. It stays known to be none until the session leaves memory: what was asked of the store before the
   * merge was committed may still show it.
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
  at(i: number): Visit {
    const { visits } = this;
    return Array.isArray(visits) ? visits[i]! : visits!;
  }

  /** All of them, in an array that is the caller's. */
  all(): Visit[] {
    const { visits } = this;
    if (visits === null) return [];
    return Array.isArray(visits) ? [...visits] : [visits];
  }

  insert(visit: Visit): void {
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

  remove(visit: Visit): void {
    this.retain((each) => each !== visit);
  }

  /** Lets go of all visits but those that it is told to keep. */
  retain(isKept: (visit: Visit) => boolean): void {
    const kept = this.all().filter(isKept);
    this.visits = kept.length > 1 ? kept : (kept[0] ?? null);
  }

  private set(bit: number, is: boolean): void {
    if (is) this.state |= bit;
    else this.state &= ~bit;
  }

  private rareParts(): Rare {
    this.rare ??= { past: null, eventIds: null, mergedAway: null };
    return this.rare;
  }
}

/**
 * A session whose id is a UUID in canonical form: held as its 128 bits, and as a text only while something is done with
 * it. That is reversible, for a hash is no id.
 */
export class UuidSession extends Session {
  // A number of 32 bits with its sign takes no memory of its own.
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;

  /** @param id that of the text, taken apart. */
  constructor(sessionId: string, id: EventId, fullyLoaded: boolean) {
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

  override readId(id: EventId): EventId {
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
const asked = new EventId();
