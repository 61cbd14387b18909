import { AT_PAGE, AT_UTM } from '../rules/context.ts';
import type { ContextEntry } from '../rules/event.ts';
import { NAMED_VALUES } from '../rules/values.ts';
import { PackedId } from './event-ids.ts';
import { type EventRefs, NO_EVENT } from './event-refs.ts';
import { IdIndex } from './id-index.ts';
import type { Session } from './session.ts';
import { addId } from './stored-summaries.ts';
import { NO_TYPES, type TypeCounts } from './type-counts.ts';
import { VALUES } from './visit-fields.gen.ts';
import { VisitRecord } from './visit-record.ts';
import { VisitTable } from './visit-table.ts';

export type { StoredIn } from './visit-layout.ts';

/** An event as it is read back from a visit. */
export interface VisitEvent {
  readonly eventId: string;
  readonly type: string;
  /** ms since the epoch, as corrected. */
  readonly t: number;
  readonly page: string | null;
  /** JSON text; null unless properties are kept. */
  readonly properties: string | null;
}

/** `named` of a visit that names nothing. */
export const NOTHING_NAMED: readonly null[] = NAMED_VALUES.map(() => null);
const NO_CONTEXT: readonly ContextEntry[] = [];

/** References and ids that few visits have of their own. */
interface Overflow {
  /** A ref for each of `named`, `NO_EVENT` where it is null; null: `namedRef` is that of all. */
  named: number[] | null;
  /** A ref for each entry in `Visit.context`, which then is the visit's own; null: `contextRef` is that of all. */
  context: number[] | null;
  /** Finds an id among many. */
  ids: IdIndex | null;
  /** Refs of the values, where one is too large for its place. */
  wideRefs: Int32Array | null;
}

/** Ids to be read one after the other. */
export interface IdSource {
  /** @param onId is called with each id, in an object that is used again for the next. */
  each(onId: (id: PackedId) => void): void;
}

/** Ids from which on they are found by an index. */
const INDEXED = 24;

/**
 * A visit, open or ended. One mutable object a visit: the fold is the only writer.
 *
 * Most visits are short, and most of their events say the same about device and place. So a value and the event that it
 * comes from stand side by side, and arrays are shared with the events that they came with: each is replaced as a
 * whole and never written to, unless it is marked as the visit's own.
 *
 * A store loads one with `new Visit(…)`, sets the plain fields, and the values with `restoreValues`; it must come back
 * equal to what was committed, apart from the event ids, the pending events, `dirty` and the timers' keys, which a store leaves
 * alone.
 */
export class Visit extends VisitRecord {
  /** Offset of the record that opened it. */
  readonly openedOffset: number;
  /** Index of the event within that record. */
  readonly openedIndex: number;

  /** First named, in the order of `NAMED_VALUES`, and as long. */
  named: readonly (string | null)[] = NOTHING_NAMED;
  /** Last written, by top-level key of the context; page and UTM apart. See `ContextParts`. */
  context: readonly ContextEntry[] = NO_CONTEXT;
  contextPage: ContextEntry | null = null;
  contextUtm: ContextEntry | null = null;
  /** How many events of each type; exact, never cut. */
  types: TypeCounts = NO_TYPES;

  /** The session that holds it; before one does, a session that only gives its id and whether it is debug traffic. */
  session: Session<Visit>;

  private overflow: Overflow | null = null;

  /** @param table holds its numbers; the visit has one of its own unless it is given. */
  constructor(
    id: string | PackedId,
    session: Session<Visit>,
    openedOffset: number,
    openedIndex: number,
    startedAt: number,
    lastEventAt: number,
    lastArrival: number,
    table: VisitTable = new VisitTable(0),
  ) {
    super(typeof id === 'string' ? idOf.set(id) : id, table, startedAt, lastEventAt, lastArrival);
    this.session = session;
    this.openedOffset = openedOffset;
    this.openedIndex = openedIndex;
  }

  /** UUID v8 as canonical text, which is made each time. */
  get id(): string {
    return this.readId(idOf).toString();
  }

  get sessionId(): string {
    return this.session.sessionId;
  }

  get debug(): boolean {
    return this.session.debug;
  }

  // ------------------------------------------------------------------------- the events that its values come from

  /** For each of `named`, `NO_EVENT` where it is null. Null: `namedRef` is that of all. */
  get namedRefs(): number[] | null {
    return this.overflow === null ? null : this.overflow.named;
  }

  set namedRefs(refs: number[] | null) {
    if (refs !== null || this.overflow !== null) this.withOverflow().named = refs;
  }

  /** For each entry in `context`, and then that array is the visit's own. Null: `contextRef` is that of all. */
  get contextRefs(): number[] | null {
    return this.overflow === null ? null : this.overflow.context;
  }

  set contextRefs(refs: number[] | null) {
    if (refs !== null || this.overflow !== null) this.withOverflow().context = refs;
  }

  /** @param refs as in `namedRefs`, copied where they are kept. Mostly all of them are the same event. */
  setNamedRefs(refs: readonly number[]): void {
    this.namedRef = NO_EVENT;
    let isOne = true;
    for (let i = 0; i < refs.length; i++) {
      if (this.namedRef === NO_EVENT) this.namedRef = refs[i]!;
      else if (refs[i] !== NO_EVENT && refs[i] !== this.namedRef) isOne = false;
    }
    this.namedRefs = isOne ? null : [...refs];
  }

  /** @param refs as in `contextRefs`, copied where they are kept, as `context` is. Mostly all are the same event. */
  setContextRefs(refs: readonly number[]): void {
    this.contextRef = refs[0] ?? NO_EVENT;
    let isOne = true;
    for (let i = 1; i < refs.length; i++) if (refs[i] !== this.contextRef) isOne = false;
    this.contextRefs = isOne ? null : [...refs];
    if (!isOne) this.context = [...this.context];
  }

  /** Event of the `i`-th of `NAMED_VALUES`; `NO_EVENT` where it is not named. */
  namedRefAt(i: number): number {
    const { namedRefs } = this;
    if (namedRefs !== null) return namedRefs[i]!;
    return this.named[i] === null ? NO_EVENT : this.namedRef;
  }

  /** @param place of an entry of the context: see `ContextWalk.place`. */
  contextRefAt(place: number): number {
    if (place === AT_PAGE) return this.contextPageRef;
    if (place === AT_UTM) return this.contextUtmRef;
    const { contextRefs } = this;
    return contextRefs === null ? this.contextRef : contextRefs[place]!;
  }

  // ------------------------------------------------------------------------------------------------------ its refs

  /** Makes room for more refs: each has to be set before anything else is asked. @returns the first of them. */
  extendRefs(more: number): number {
    const { refCount } = this;
    this.refsAt = this.refs.extend(this.refsAt, refCount, more);
    this.refCount = refCount + more;
    return refCount;
  }

  /** As `prefetch`, of its refs. */
  prefetchRefs(): number {
    const { refCount } = this;
    return refCount === 0 ? 0 : this.refs.prefetch(this.refsAt, refCount);
  }

  /** @param t ms. @param id of an event that is not among its own yet. */
  setRef(ref: number, t: number, id: PackedId): void {
    const { refs, refsAt } = this;
    refs.set(refsAt, ref, t, id);
    this.overflow?.ids?.add(refs, refsAt, ref);
  }

  /** @returns the ref of an event that is not among its own yet. */
  addRef(t: number, id: PackedId): number {
    const ref = this.extendRefs(1);
    this.setRef(ref, t, id);
    return ref;
  }

  /** ms since the epoch. */
  refTime(ref: number): number {
    return this.refs.timeAt(this.refsAt, ref);
  }

  /** Sets `id` to the ref's. */
  readRefId(ref: number, id: PackedId): PackedId {
    return this.refs.readId(this.refsAt, ref, id);
  }

  /** Whether the event is earlier than the one that a first value is from. */
  comesBefore(ref: number, now: number): boolean {
    return now === NO_EVENT || this.refs.isBefore(this.refsAt, ref, now);
  }

  /** Whether the event is later than the one that a last value is from. */
  comesAfter(ref: number, now: number): boolean {
    return now === NO_EVENT || this.refs.isAfter(this.refsAt, ref, now);
  }

  // -------------------------------------------------------------------------------------------------- its event ids

  /** The ids of all events that are applied to its values; null while they are not known: for stores and tests. */
  get eventIds(): ReadonlySet<string> | null {
    if (!this.knowsIds) return null;
    const ids = new Set<string>();
    this.ids.each((id) => ids.add(id.toString()));
    return ids;
  }

  /** The ids of all events that are known. */
  get ids(): IdSource {
    return {
      each: (onId) => {
        const each = new PackedId();
        for (let ref = 0; ref < this.refCount; ref++) onId(this.readRefId(ref, each));
      },
    };
  }

  /** Whether an event with this id is applied to its values. */
  hasId(id: PackedId): boolean {
    const { refs, refsAt, refCount } = this;
    if (refCount < INDEXED) return refs.find(refsAt, refCount, id) !== NO_EVENT;
    const overflow = this.withOverflow();
    overflow.ids ??= IdIndex.of(refs, refsAt, refCount);
    return overflow.ids.find(refs, refsAt, id) !== NO_EVENT;
  }

  /** Adds all ids that are known to those of a stored summary: see `addId`. */
  addIdsTo(ids: Int32Array): void {
    for (let ref = 0; ref < this.refCount; ref++) addId(ids, this.readRefId(ref, id));
  }

  /** Adds the ids that the store holds of it: from now on it knows all. Does nothing where it does already. */
  loadIds(ids: IdSource): void {
    if (this.knowsIds) return;
    ids.each((id) => {
      this.addIdBits(id.maskBits);
      // Its values were loaded with the events that they come from. The times of the others are not needed any more.
      if (!this.hasId(id)) this.addRef(0, id);
    });
    this.knowsIds = true;
  }

  /** Gives back the refs that no value comes from, once it is frozen. */
  dropIds(): void {
    if (!this.knowsIds) return;
    this.knowsIds = false;
    const used = new Map([[NO_EVENT, NO_EVENT]]);
    const renumber = (ref: number): number => {
      if (!used.has(ref)) used.set(ref, used.size - 1);
      return used.get(ref)!;
    };
    for (let value = 0; value < VALUES; value++) this.setValueRef(value, renumber(this.valueRef(value)));
    if (this.namedRefs !== null) this.namedRefs = this.namedRefs.map(renumber);
    if (this.contextRefs !== null) this.contextRefs = this.contextRefs.map(renumber);
    used.delete(NO_EVENT);
    this.keepRefs(this.refs, [...used.keys()]);
  }

  // ---------------------------------------------------------------------------------------------------- as a whole

  /**
   * Moves all refs of another visit here. Both know all ids.
   * @returns the first of their refs: the others follow in the same order.
   */
  absorbRefs(other: Visit): number {
    if (other.table !== this.table) throw new Error('visits of two partitions cannot be merged');
    const { refCount } = other;
    this.setBitsOf(other);
    const first = refCount === 0 ? this.refCount : this.extendRefs(refCount);
    for (let ref = 0; ref < refCount; ref++) this.setRef(first + ref, other.refTime(ref), other.readRefId(ref, id));
    other.refs.release(other.refsAt, refCount);
    other.refCount = 0;
    return first;
  }

  /** Its numbers are in this table from now on. */
  moveTo(table: VisitTable): void {
    if (table === this.table) return;
    const { refs, refCount } = this;
    this.moveRecord(table);
    this.keepRefs(
      refs,
      Array.from({ length: refCount }, (_, ref) => ref),
    );
  }

  /** Moves these of its refs, which are still among `from`, to its table, in this order, and gives back the others. */
  private keepRefs(from: EventRefs, kept: readonly number[]): void {
    const { refsAt, refCount } = this;
    if (this.overflow !== null) this.overflow.ids = null;
    this.refCount = 0;
    if (kept.length > 0) this.extendRefs(kept.length);
    for (const [ref, before] of kept.entries())
      this.setRef(ref, from.timeAt(refsAt, before), from.readId(refsAt, before, id));
    from.release(refsAt, refCount);
  }

  protected override get wideRefs(): Int32Array {
    const overflow = this.withOverflow();
    overflow.wideRefs ??= new Int32Array(VALUES);
    return overflow.wideRefs;
  }

  private withOverflow(): Overflow {
    this.overflow ??= { named: null, context: null, ids: null, wideRefs: null };
    return this.overflow;
  }
}

/** Reused. */
const id = new PackedId();
const idOf = new PackedId();
