import type { EndReason, Seal } from '../rules/span.ts';
import type { EventId } from './event-ids.ts';
import { NO_STAMP, type Stamps } from './stamps.ts';
import { type Block, RECORD, RELEASED, type VisitTable } from './visit-table.ts';

/** The table of the store that holds a visit. */
export type Place = 'open' | 'ended';

/** Places in a record, in integers. The first six are times, two integers each. */
const [STARTED, LAST, ARRIVAL, WATERMARK, DUE_KEY, WATERMARK_KEY] = [0, 1, 2, 3, 4, 5];
const [EVENTS, PAGE_VIEWS, LATE, PUBLISHED, FLAGS, MASK] = [12, 13, 14, 15, 16, 17];
const [FRESH_LAST, TAKEN_LAST, SAID, RUN, STAMPS] = [21, 22, 23, 24, 25];
/** Four integers. */
const ID = 26;
/** The stamps of values, or of groups of them: half an integer each. */
const FIRST_VALUE = 60;
const [PROFILE, SOURCE, ENTRY, EXIT, UTM, NAMED_STAMP, CONTEXT, CONTEXT_PAGE, CONTEXT_UTM] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
];
export const VALUES = 9;
/** In place of a stamp: there is none, and it is too large for its place. */
const [NONE, WIDE] = [0xffff, 0xfffe];

/** Bits of the flags, and where in them the small choices begin. */
const [ENDED, DIRTY, KNOWS_IDS, MAY_BE_LARGE] = [1, 2, 4, 1 << 12];
const [REASON, SEAL, STORED] = [3, 6, 9];
const REASONS: readonly (EndReason | null)[] = [null, 'explicit', 'max_duration', 'max_events', 'inactivity'];
const PLACES: readonly (Place | null)[] = [null, 'open', 'ended'];

/**
 * The numbers of a visit, and its small choices, in a record of a `VisitTable`: what all events touch lies together in
 * two or three cache lines.
 */
export abstract class VisitRecord {
  /** Where its numbers are. */
  private block: Block;
  /** Where its record begins there, in integers. */
  private at: number;

  /** @throws where the id is no UUID in canonical form. */
  constructor(id: EventId, table: VisitTable, startedAt: number, lastEventAt: number, lastArrival: number) {
    if (!id.isUuid) throw new Error(`the id of a visit is a UUID in canonical form, not ${JSON.stringify(id.text)}`);
    const { block, at } = table.allocate();
    const { integers } = block;
    this.block = block;
    this.at = at;
    integers[at + ID] = id.a;
    integers[at + ID + 1] = id.b;
    integers[at + ID + 2] = id.c;
    integers[at + ID + 3] = id.d;
    this.startedAt = startedAt;
    this.lastEventAt = lastEventAt;
    this.lastArrival = lastArrival;
    this.endedWatermark = null;
    this.dueKey = Number.POSITIVE_INFINITY;
    this.watermarkKey = Number.POSITIVE_INFINITY;
    const first = at * 2 + FIRST_VALUE;
    block.halves.fill(NONE, first, first + VALUES);
  }

  /** Where its numbers and its stamps are. */
  get table(): VisitTable {
    return this.block.table;
  }

  /** Gives its memory back: it is asked for nothing afterwards but what timers order visits by. */
  release(): void {
    this.stamps.release(this.run, this.stampCount);
    this.table.release(this.block, this.at);
    this.block = RELEASED;
    this.at = 0;
  }

  /** Reads something of each cache line of its record: for `prefetched`. */
  prefetch(): number {
    const { at } = this;
    const { integers } = this.block;
    return integers[at]! ^ integers[at + 16]! ^ integers[at + RECORD - 1]!;
  }

  /** Its record is in this table from now on; its stamps are still in the other. */
  protected moveRecord(table: VisitTable): void {
    const { block: before, at } = this;
    const { block, at: to } = table.allocate();
    block.integers.set(before.integers.subarray(at, at + RECORD), to);
    before.table.release(before, at);
    this.block = block;
    this.at = to;
  }

  /** Sets `id` to its own. */
  readId(id: EventId): EventId {
    const { at } = this;
    const { integers } = this.block;
    if (this.block === RELEASED) throw new Error('a visit that was released is asked for its id');
    return id.setUuid(integers[at + ID]!, integers[at + ID + 1]!, integers[at + ID + 2]!, integers[at + ID + 3]!);
  }

  /** First event's `t`. */
  get startedAt(): number {
    return this.block.times[(this.at >> 1) + STARTED]!;
  }

  set startedAt(t: number) {
    this.block.times[(this.at >> 1) + STARTED] = t;
  }

  /** Last event's `t`. */
  get lastEventAt(): number {
    return this.block.times[(this.at >> 1) + LAST]!;
  }

  set lastEventAt(t: number) {
    this.block.times[(this.at >> 1) + LAST] = t;
  }

  /** Highest of the arrival clock and `t` at its accepted events. */
  get lastArrival(): number {
    return this.block.times[(this.at >> 1) + ARRIVAL]!;
  }

  set lastArrival(t: number) {
    this.block.times[(this.at >> 1) + ARRIVAL] = t;
  }

  /** The watermark when it last ended; null if it never did. */
  get endedWatermark(): number | null {
    const watermark = this.block.times[(this.at >> 1) + WATERMARK]!;
    return Number.isNaN(watermark) ? null : watermark;
  }

  set endedWatermark(t: number | null) {
    this.block.times[(this.at >> 1) + WATERMARK] = t ?? Number.NaN;
  }

  /** Key under which the timers hold it; Infinity: under none. Never stored. */
  get dueKey(): number {
    return this.block.times[(this.at >> 1) + DUE_KEY]!;
  }

  set dueKey(t: number) {
    this.block.times[(this.at >> 1) + DUE_KEY] = t;
  }

  /** As `dueKey`, of the watermarks that bring a due point forward. */
  get watermarkKey(): number {
    return this.block.times[(this.at >> 1) + WATERMARK_KEY]!;
  }

  set watermarkKey(t: number) {
    this.block.times[(this.at >> 1) + WATERMARK_KEY] = t;
  }

  get eventCount(): number {
    return this.block.integers[this.at + EVENTS]!;
  }

  set eventCount(value: number) {
    this.block.integers[this.at + EVENTS] = value;
  }

  get pageViewCount(): number {
    return this.block.integers[this.at + PAGE_VIEWS]!;
  }

  set pageViewCount(value: number) {
    this.block.integers[this.at + PAGE_VIEWS] = value;
  }

  get lateEventCount(): number {
    return this.block.integers[this.at + LATE]!;
  }

  set lateEventCount(value: number) {
    this.block.integers[this.at + LATE] = value;
  }

  /** How many times it was published; its last revision is one less. */
  get published(): number {
    return this.block.integers[this.at + PUBLISHED]!;
  }

  set published(value: number) {
    this.block.integers[this.at + PUBLISHED] = value;
  }

  get ended(): boolean {
    return this.flag(ENDED);
  }

  set ended(is: boolean) {
    this.setFlag(ENDED, is);
  }

  /** Changed since the last commit was taken. */
  get dirty(): boolean {
    return this.flag(DIRTY);
  }

  set dirty(is: boolean) {
    this.setFlag(DIRTY, is);
  }

  /** Whether it has to be looked how large it is: see `largeBytes`. What many events share is small. */
  get mayBeLarge(): boolean {
    return this.flag(MAY_BE_LARGE);
  }

  set mayBeLarge(is: boolean) {
    this.setFlag(MAY_BE_LARGE, is);
  }

  /** Reason of the last published revision; null before the first. */
  get reason(): EndReason | null {
    return REASONS[this.choice(REASON)]!;
  }

  set reason(reason: EndReason | null) {
    this.choose(REASON, REASONS.indexOf(reason));
  }

  get seal(): Seal | null {
    return REASONS[this.choice(SEAL)]! as Seal | null;
  }

  set seal(seal: Seal | null) {
    this.choose(SEAL, REASONS.indexOf(seal));
  }

  /** Which table of the store holds it, as of the last commit taken; null: none. */
  get stored(): Place | null {
    return PLACES[this.choice(STORED)]!;
  }

  set stored(place: Place | null) {
    this.choose(STORED, PLACES.indexOf(place));
  }

  /** Where its last revision stands among those that no commit has taken yet, which is dirty then; -1: among none. */
  get said(): number {
    return this.block.integers[this.at + SAID]! - 1;
  }

  set said(index: number) {
    this.block.integers[this.at + SAID] = index + 1;
  }

  /** The last of its events that are not yet given to the store, + 1; 0: there are none. See `FreshEvents`. */
  get freshLast(): number {
    return this.block.integers[this.at + FRESH_LAST]!;
  }

  set freshLast(value: number) {
    this.block.integers[this.at + FRESH_LAST] = value;
  }

  /** The last of those that its values have taken, + 1; 0: none of them. See `takeEvents`. */
  get takenLast(): number {
    return this.block.integers[this.at + TAKEN_LAST]!;
  }

  set takenLast(value: number) {
    this.block.integers[this.at + TAKEN_LAST] = value;
  }

  // ------------------------------------------------------------------------- the events that its values come from

  /** What `profileStamp` and the like are told by; they are `NO_STAMP` where there is no value. */
  get stamps(): Stamps {
    return this.block.stamps;
  }

  get profileStamp(): number {
    return this.valueStamp(PROFILE);
  }

  set profileStamp(stamp: number) {
    this.setValueStamp(PROFILE, stamp);
  }

  get sourceStamp(): number {
    return this.valueStamp(SOURCE);
  }

  set sourceStamp(stamp: number) {
    this.setValueStamp(SOURCE, stamp);
  }

  get entryStamp(): number {
    return this.valueStamp(ENTRY);
  }

  set entryStamp(stamp: number) {
    this.setValueStamp(ENTRY, stamp);
  }

  get exitStamp(): number {
    return this.valueStamp(EXIT);
  }

  set exitStamp(stamp: number) {
    this.setValueStamp(EXIT, stamp);
  }

  get utmStamp(): number {
    return this.valueStamp(UTM);
  }

  set utmStamp(stamp: number) {
    this.setValueStamp(UTM, stamp);
  }

  /** Of all that is named, unless `namedStamps` has one for each. */
  get namedStamp(): number {
    return this.valueStamp(NAMED_STAMP);
  }

  set namedStamp(stamp: number) {
    this.setValueStamp(NAMED_STAMP, stamp);
  }

  /** Of all entries in `context`, unless `contextStamps` has one for each. */
  get contextStamp(): number {
    return this.valueStamp(CONTEXT);
  }

  set contextStamp(stamp: number) {
    this.setValueStamp(CONTEXT, stamp);
  }

  get contextPageStamp(): number {
    return this.valueStamp(CONTEXT_PAGE);
  }

  set contextPageStamp(stamp: number) {
    this.setValueStamp(CONTEXT_PAGE, stamp);
  }

  get contextUtmStamp(): number {
    return this.valueStamp(CONTEXT_UTM);
  }

  set contextUtmStamp(stamp: number) {
    this.setValueStamp(CONTEXT_UTM, stamp);
  }

  /** The stamp of one of the values, by its number from 0 to `VALUES` - 1. */
  protected valueStamp(value: number): number {
    const stamp = this.block.halves[this.at * 2 + FIRST_VALUE + value]!;
    if (stamp < WIDE) return stamp;
    return stamp === NONE ? NO_STAMP : this.wideStamps[value]!;
  }

  protected setValueStamp(value: number, stamp: number): void {
    const at = this.at * 2 + FIRST_VALUE + value;
    if (stamp < WIDE) {
      this.block.halves[at] = stamp === NO_STAMP ? NONE : stamp;
    } else {
      this.block.halves[at] = WIDE;
      this.wideStamps[value] = stamp;
    }
  }

  /** Stamps that are too large for their place, by their value. */
  protected abstract get wideStamps(): Int32Array;

  /** Where the run of its stamps begins; of no meaning where it has none. */
  protected get run(): number {
    return this.block.integers[this.at + RUN]!;
  }

  protected set run(value: number) {
    this.block.integers[this.at + RUN] = value;
  }

  /** How many events are known of those that its values have taken: a stamp each, from 0 on. */
  get stampCount(): number {
    return this.block.integers[this.at + STAMPS]!;
  }

  protected set stampCount(value: number) {
    this.block.integers[this.at + STAMPS] = value;
  }

  /**
   * Whether the ids of all events that its values have taken are known: not while they have not been loaded from the
   * store, and not needed once it is frozen.
   */
  get knowsIds(): boolean {
    return this.flag(KNOWS_IDS);
  }

  set knowsIds(does: boolean) {
    this.setFlag(KNOWS_IDS, does);
  }

  /** Whether an event id of these `EventId.bits` may be among its own; false is certain. */
  mayHaveId(bits: number): boolean {
    return this.hasBit(bits & 127) && this.hasBit(bits >> 7);
  }

  /**
   * 128 bits: two for each of its event ids are set. So most ids are seen to be new without a search: all but one in fifty
   * where there are ten, against one in thirteen with a bit each.
   */
  addIdBits(bits: number): void {
    this.setBit(bits & 127);
    this.setBit(bits >> 7);
  }

  setBitsOf(other: VisitRecord): void {
    for (let i = MASK; i < MASK + 4; i++) this.block.integers[this.at + i]! |= other.block.integers[other.at + i]!;
  }

  private hasBit(bit: number): boolean {
    return (this.block.integers[this.at + MASK + (bit >> 5)]! & (1 << (bit & 31))) !== 0;
  }

  private setBit(bit: number): void {
    this.block.integers[this.at + MASK + (bit >> 5)]! |= 1 << (bit & 31);
  }

  private flag(flag: number): boolean {
    return (this.block.integers[this.at + FLAGS]! & flag) !== 0;
  }

  private setFlag(flag: number, is: boolean): void {
    if (is) this.block.integers[this.at + FLAGS]! |= flag;
    else this.block.integers[this.at + FLAGS]! &= ~flag;
  }

  /** One of a few, in three bits from `from` on. */
  private choice(from: number): number {
    return (this.block.integers[this.at + FLAGS]! >> from) & 7;
  }

  private choose(from: number, which: number): void {
    const flags = this.block.integers[this.at + FLAGS]!;
    this.block.integers[this.at + FLAGS] = (flags & ~(7 << from)) | (which << from);
  }
}
