import { AT_PAGE, AT_UTM } from '../rules/context.ts';
import type { ContextEntry } from '../rules/event.ts';
import { NAMED_VALUES } from '../rules/values.ts';
import { PackedId } from './event-ids.ts';
import { IdIndex } from './id-index.ts';
import type { Session } from './session.ts';
import { NO_STAMP, type Stamps } from './stamps.ts';
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

/** Nothing is named. */
export const NO_NAMES: readonly null[] = NAMED_VALUES.map(() => null);
const NO_CONTEXT: readonly ContextEntry[] = [];

/** Stamps and ids that few visits have of their own. */
interface Own {
  /** A stamp for each of `named`, `NO_STAMP` where it is null; null: `namedStamp` is that of all. */
  named: number[] | null;
  /** A stamp for each entry in `Visit.context`, which then is the visit's own; null: `contextStamp` is that of all. */
  context: number[] | null;
  /** Of many ids: which stamps they are, for a search. */
  ids: IdIndex | null;
  /** Of many stamps: those of the values, where they are large numbers. */
  wide: Int32Array | null;
}

/** Ids to be read one after the other. */
export interface IdSource {
  /** @param take is given each id, in an object that is used again for the next. */
  each(take: (id: PackedId) => void): void;
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
 * equal to what was committed, apart from the event ids, the fresh events, `dirty` and the timers' keys, which a store leaves
 * alone.
 */
export class Visit extends VisitRecord {
  /** Offset of the record that opened it. */
  readonly openedOffset: number;
  /** Index of the event within that record. */
  readonly openedIndex: number;

  /** First named, in the order of `NAMED_VALUES`, and as long. */
  named: readonly (string | null)[] = NO_NAMES;
  /** Last written, by top-level key of the context; page and UTM apart. See `ContextParts`. */
  context: readonly ContextEntry[] = NO_CONTEXT;
  contextPage: ContextEntry | null = null;
  contextUtm: ContextEntry | null = null;
  /** How many events of each type; exact, never cut. */
  types: TypeCounts = NO_TYPES;

  /** The session that holds it; before it is in one, one that says whose it is. */
  session: Session;

  private own: Own | null = null;

  /** @param table where its numbers go: one of its own unless it is given. */
  constructor(
    id: string | PackedId,
    session: Session,
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

  /** UUID v8, canonical text: made each time. */
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

  /** For each of `named`, `NO_STAMP` where it is null. Null: `namedStamp` is that of all. */
  get namedStamps(): number[] | null {
    return this.own === null ? null : this.own.named;
  }

  set namedStamps(stamps: number[] | null) {
    if (stamps !== null || this.own !== null) this.ownParts().named = stamps;
  }

  /** For each entry in `context`, and then that array is the visit's own. Null: `contextStamp` is that of all. */
  get contextStamps(): number[] | null {
    return this.own === null ? null : this.own.context;
  }

  set contextStamps(stamps: number[] | null) {
    if (stamps !== null || this.own !== null) this.ownParts().context = stamps;
  }

  /** @param stamps as `namedStamps` has them, copied where they are kept. Mostly those that there are are one. */
  setNamedStamps(stamps: readonly number[]): void {
    this.namedStamp = NO_STAMP;
    let isOne = true;
    for (let i = 0; i < stamps.length; i++) {
      if (this.namedStamp === NO_STAMP) this.namedStamp = stamps[i]!;
      else if (stamps[i] !== NO_STAMP && stamps[i] !== this.namedStamp) isOne = false;
    }
    this.namedStamps = isOne ? null : [...stamps];
  }

  /** @param stamps as `contextStamps` has them, copied where they are kept, as `context` is. Mostly they are one. */
  setContextStamps(stamps: readonly number[]): void {
    this.contextStamp = stamps[0] ?? NO_STAMP;
    let isOne = true;
    for (let i = 1; i < stamps.length; i++) if (stamps[i] !== this.contextStamp) isOne = false;
    this.contextStamps = isOne ? null : [...stamps];
    if (!isOne) this.context = [...this.context];
  }

  /** Event of the `i`-th of `NAMED_VALUES`; `NO_STAMP` where it is not named. */
  namedStampAt(i: number): number {
    const { namedStamps } = this;
    if (namedStamps !== null) return namedStamps[i]!;
    return this.named[i] === null ? NO_STAMP : this.namedStamp;
  }

  /** @param place of an entry of the context: see `ContextWalk.place`. */
  contextStampAt(place: number): number {
    if (place === AT_PAGE) return this.contextPageStamp;
    if (place === AT_UTM) return this.contextUtmStamp;
    const { contextStamps } = this;
    return contextStamps === null ? this.contextStamp : contextStamps[place]!;
  }

  // ------------------------------------------------------------------------------------------------------ its stamps

  /** Makes room for more stamps: each has to be set before anything else is asked. @returns the first of them. */
  extendStamps(more: number): number {
    const { stampCount } = this;
    this.run = this.stamps.extend(this.run, stampCount, more);
    this.stampCount = stampCount + more;
    return stampCount;
  }

  /** As `prefetch`, of its stamps. */
  prefetchStamps(): number {
    const { stampCount } = this;
    return stampCount === 0 ? 0 : this.stamps.prefetch(this.run, stampCount);
  }

  /** @param t ms. @param id of an event that is not among its own yet. */
  setStamp(stamp: number, t: number, id: PackedId): void {
    const { stamps, run } = this;
    stamps.set(run, stamp, t, id);
    this.own?.ids?.add(stamps, run, stamp);
  }

  /** @returns the stamp of an event that is not among its own yet. */
  addStamp(t: number, id: PackedId): number {
    const stamp = this.extendStamps(1);
    this.setStamp(stamp, t, id);
    return stamp;
  }

  /** ms since the epoch. */
  stampTime(stamp: number): number {
    return this.stamps.timeAt(this.run, stamp);
  }

  /** Sets `id` to the stamp's. */
  readStampId(stamp: number, id: PackedId): PackedId {
    return this.stamps.readId(this.run, stamp, id);
  }

  /** Whether the event is earlier than the one that a first value is from. */
  comesBefore(stamp: number, now: number): boolean {
    return now === NO_STAMP || this.stamps.isBefore(this.run, stamp, now);
  }

  /** Whether the event is later than the one that a last value is from. */
  comesAfter(stamp: number, now: number): boolean {
    return now === NO_STAMP || this.stamps.isAfter(this.run, stamp, now);
  }

  // -------------------------------------------------------------------------------------------------- its event ids

  /** The ids of all events that its values have taken; null while they are not known: for stores and tests. */
  get eventIds(): ReadonlySet<string> | null {
    if (!this.knowsIds) return null;
    const ids = new Set<string>();
    this.ids.each((id) => ids.add(id.toString()));
    return ids;
  }

  /** The ids of all events that are known. */
  get ids(): IdSource {
    return {
      each: (take) => {
        const each = new PackedId();
        for (let stamp = 0; stamp < this.stampCount; stamp++) take(this.readStampId(stamp, each));
      },
    };
  }

  /** Whether the id is among those of the events that its values have taken. */
  hasId(id: PackedId): boolean {
    const { stamps, run, stampCount } = this;
    if (stampCount < INDEXED) return stamps.find(run, stampCount, id) !== NO_STAMP;
    const own = this.ownParts();
    own.ids ??= IdIndex.of(stamps, run, stampCount);
    return own.ids.find(stamps, run, id) !== NO_STAMP;
  }

  /** Adds all ids that are known to the ids of a past: see `addId`. */
  addIdsTo(ids: Int32Array): void {
    for (let stamp = 0; stamp < this.stampCount; stamp++) addId(ids, this.readStampId(stamp, id));
  }

  /** Ids that the store holds of it: from now on it knows all. Of no effect where it does already. */
  loadIds(ids: IdSource): void {
    if (this.knowsIds) return;
    ids.each((id) => {
      this.addIdBits(id.maskBits);
      // Its values came with the events that they are from. Of the others the time is of no use any more.
      if (!this.hasId(id)) this.addStamp(0, id);
    });
    this.knowsIds = true;
  }

  /** It is frozen: stamps that no value comes from are given back. */
  forgetIds(): void {
    if (!this.knowsIds) return;
    this.knowsIds = false;
    const used = new Map([[NO_STAMP, NO_STAMP]]);
    const use = (stamp: number): number => {
      if (!used.has(stamp)) used.set(stamp, used.size - 1);
      return used.get(stamp)!;
    };
    for (let value = 0; value < VALUES; value++) this.setValueStamp(value, use(this.valueStamp(value)));
    if (this.namedStamps !== null) this.namedStamps = this.namedStamps.map(use);
    if (this.contextStamps !== null) this.contextStamps = this.contextStamps.map(use);
    used.delete(NO_STAMP);
    this.keepStamps(this.stamps, [...used.keys()]);
  }

  // ---------------------------------------------------------------------------------------------------- as a whole

  /**
   * Takes over all events of another visit: both know all ids, and the other's are its own no more.
   * @returns the first of their stamps: the others follow in the same order.
   */
  takeStamps(other: Visit): number {
    if (other.table !== this.table) throw new Error('visits of two partitions cannot be merged');
    const { stampCount } = other;
    this.setBitsOf(other);
    const first = stampCount === 0 ? this.stampCount : this.extendStamps(stampCount);
    for (let stamp = 0; stamp < stampCount; stamp++)
      this.setStamp(first + stamp, other.stampTime(stamp), other.readStampId(stamp, id));
    other.stamps.release(other.run, stampCount);
    other.stampCount = 0;
    return first;
  }

  /** Its numbers are in this table from now on. */
  moveTo(table: VisitTable): void {
    if (table === this.table) return;
    const { stamps, stampCount } = this;
    this.moveRecord(table);
    this.keepStamps(
      stamps,
      Array.from({ length: stampCount }, (_, stamp) => stamp),
    );
  }

  /** Of its stamps, which are still among `from`, it keeps these only, in this order, among its table's. */
  private keepStamps(from: Stamps, kept: readonly number[]): void {
    const { run, stampCount } = this;
    if (this.own !== null) this.own.ids = null;
    this.stampCount = 0;
    if (kept.length > 0) this.extendStamps(kept.length);
    for (const [stamp, before] of kept.entries())
      this.setStamp(stamp, from.timeAt(run, before), from.readId(run, before, id));
    from.release(run, stampCount);
  }

  protected override get wideStamps(): Int32Array {
    const own = this.ownParts();
    own.wide ??= new Int32Array(VALUES);
    return own.wide;
  }

  private ownParts(): Own {
    this.own ??= { named: null, context: null, ids: null, wide: null };
    return this.own;
  }
}

/** Reused. */
const id = new PackedId();
const idOf = new PackedId();
