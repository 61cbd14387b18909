// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { Utm } from '../rules/event.ts';
import type { EndReason, Seal } from '../rules/span.ts';
import { type EventRefs, NO_EVENT } from './event-refs.ts';
import type { StoredIn } from './visit-layout.ts';
import type { Block } from './visit-table.ts';

/** The visit's id, a UUID. */
export const ID = 22;
/** Two bits for each of its event ids. */
export const MASK = 26;
/** Refs of values. */
export const VALUES = 9;
/** The first of them, which take half an integer each. */
export const FIRST_VALUE = 60;

const STARTED_AT = 0;
const LAST_EVENT_AT = 1;
const LAST_ARRIVAL = 2;
const ENDED_WATERMARK = 3;
const DUE_KEY = 4;
const WATERMARK_KEY = 5;
const EVENT_COUNT = 12;
const PAGE_VIEW_COUNT = 13;
const LATE_EVENT_COUNT = 14;
const PUBLISHED = 15;
const PENDING_REVISION = 16;
const NEWEST = 17;
const NEWEST_APPLIED = 18;
const REFS_AT = 19;
const REF_COUNT = 20;
const FLAGS = 21;
const IS_ENDED = 1;
const IS_DIRTY = 2;
const IS_KNOWS_IDS = 4;
const IS_MAY_BE_LARGE = 8;
const REASON_SHIFT = 4;
const SEAL_SHIFT = 7;
const STORED_SHIFT = 10;
const REASONS: readonly (EndReason | null)[] = [null, 'explicit', 'max_duration', 'max_events', 'inactivity'];
const SEALS: readonly (Seal | null)[] = [null, 'explicit', 'max_duration', 'max_events'];
const STOREDS: readonly (StoredIn | null)[] = [null, 'open', 'ended'];
/** In place of a ref: there is none. */
export const NONE = 0xffff;
/** In place of a ref: it is in `wideRefs`, too large for its place. */
const WIDE = 0xfffe;

/** What a visit holds: its values, and its numbers in a record of a `VisitTable`. */
export abstract class VisitFields {
  /** Where its numbers are. */
  protected block: Block;
  /** Where its record begins there, in integers. */
  protected at: number;

  profileId: string | null = null;
  sourceId: string | null = null;
  entryPage: string | null = null;
  referrer: string | null = null;
  exitPage: string | null = null;
  utm: Utm | null = null;

  protected constructor(block: Block, at: number) {
    this.block = block;
    this.at = at;
  }

  /** First event's `t`. */
  get startedAt(): number {
    return this.block.times[(this.at >> 1) + STARTED_AT]!;
  }

  set startedAt(t: number) {
    this.block.times[(this.at >> 1) + STARTED_AT] = t;
  }

  /** Last event's `t`. */
  get lastEventAt(): number {
    return this.block.times[(this.at >> 1) + LAST_EVENT_AT]!;
  }

  set lastEventAt(t: number) {
    this.block.times[(this.at >> 1) + LAST_EVENT_AT] = t;
  }

  /** Highest of the arrival clock and `t` at its accepted events. */
  get lastArrival(): number {
    return this.block.times[(this.at >> 1) + LAST_ARRIVAL]!;
  }

  set lastArrival(t: number) {
    this.block.times[(this.at >> 1) + LAST_ARRIVAL] = t;
  }

  /** The watermark when it last ended; null if it never did. */
  get endedWatermark(): number | null {
    const t = this.block.times[(this.at >> 1) + ENDED_WATERMARK]!;
    return Number.isNaN(t) ? null : t;
  }

  set endedWatermark(t: number | null) {
    this.block.times[(this.at >> 1) + ENDED_WATERMARK] = t ?? Number.NaN;
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

  /** How many events it has. */
  get eventCount(): number {
    return this.block.integers[this.at + EVENT_COUNT]!;
  }

  set eventCount(value: number) {
    this.block.integers[this.at + EVENT_COUNT] = value;
  }

  /** How many of them are page views. */
  get pageViewCount(): number {
    return this.block.integers[this.at + PAGE_VIEW_COUNT]!;
  }

  set pageViewCount(value: number) {
    this.block.integers[this.at + PAGE_VIEW_COUNT] = value;
  }

  /** How many of them came after a revision had been published. */
  get lateEventCount(): number {
    return this.block.integers[this.at + LATE_EVENT_COUNT]!;
  }

  set lateEventCount(value: number) {
    this.block.integers[this.at + LATE_EVENT_COUNT] = value;
  }

  /** How many times it was published; its last revision is one less. */
  get published(): number {
    return this.block.integers[this.at + PUBLISHED]!;
  }

  set published(value: number) {
    this.block.integers[this.at + PUBLISHED] = value;
  }

  /** Index of its latest revision that no commit has taken yet; -1: none. */
  get pendingRevision(): number {
    return this.block.integers[this.at + PENDING_REVISION]! - 1;
  }

  set pendingRevision(value: number) {
    this.block.integers[this.at + PENDING_REVISION] = value + 1;
  }

  /** Index + 1 of its newest event that no commit has taken yet; 0: none. See `PendingEvents`. */
  get newest(): number {
    return this.block.integers[this.at + NEWEST]!;
  }

  set newest(value: number) {
    this.block.integers[this.at + NEWEST] = value;
  }

  /** Index + 1 of the newest of those that are applied to its values; 0: none. See `applyEvents`. */
  get newestApplied(): number {
    return this.block.integers[this.at + NEWEST_APPLIED]!;
  }

  set newestApplied(value: number) {
    this.block.integers[this.at + NEWEST_APPLIED] = value;
  }

  /** Where the run of its refs begins; without meaning where it has none. */
  protected get refsAt(): number {
    return this.block.integers[this.at + REFS_AT]!;
  }

  protected set refsAt(value: number) {
    this.block.integers[this.at + REFS_AT] = value;
  }

  /** How many refs it has, from 0 on: a ref for each event that is applied and known. */
  get refCount(): number {
    return this.block.integers[this.at + REF_COUNT]!;
  }

  set refCount(value: number) {
    this.block.integers[this.at + REF_COUNT] = value;
  }

  /** Whether it has ended, as of now. */
  get ended(): boolean {
    return (this.block.integers[this.at + FLAGS]! & IS_ENDED) !== 0;
  }

  set ended(is: boolean) {
    if (is) this.block.integers[this.at + FLAGS]! |= IS_ENDED;
    else this.block.integers[this.at + FLAGS]! &= ~IS_ENDED;
  }

  /** Whether it has changed since the last commit was taken. */
  get dirty(): boolean {
    return (this.block.integers[this.at + FLAGS]! & IS_DIRTY) !== 0;
  }

  set dirty(is: boolean) {
    if (is) this.block.integers[this.at + FLAGS]! |= IS_DIRTY;
    else this.block.integers[this.at + FLAGS]! &= ~IS_DIRTY;
  }

  /** Whether the ids of all events that are applied to its values are known: not while they have not been loaded from the store, and not needed once it is frozen. */
  get knowsIds(): boolean {
    return (this.block.integers[this.at + FLAGS]! & IS_KNOWS_IDS) !== 0;
  }

  set knowsIds(is: boolean) {
    if (is) this.block.integers[this.at + FLAGS]! |= IS_KNOWS_IDS;
    else this.block.integers[this.at + FLAGS]! &= ~IS_KNOWS_IDS;
  }

  /** Whether `largeBytes` has to measure it. What many events share is small. */
  get mayBeLarge(): boolean {
    return (this.block.integers[this.at + FLAGS]! & IS_MAY_BE_LARGE) !== 0;
  }

  set mayBeLarge(is: boolean) {
    if (is) this.block.integers[this.at + FLAGS]! |= IS_MAY_BE_LARGE;
    else this.block.integers[this.at + FLAGS]! &= ~IS_MAY_BE_LARGE;
  }

  /** Reason of its last published revision; null before the first. */
  get reason(): EndReason | null {
    return REASONS[(this.block.integers[this.at + FLAGS]! >> REASON_SHIFT) & 7]!;
  }

  set reason(reason: EndReason | null) {
    const flags = this.block.integers[this.at + FLAGS]!;
    this.block.integers[this.at + FLAGS] = (flags & ~(7 << REASON_SHIFT)) | (REASONS.indexOf(reason) << REASON_SHIFT);
  }

  /** Why nothing is added after its last event; null: something may be. */
  get seal(): Seal | null {
    return SEALS[(this.block.integers[this.at + FLAGS]! >> SEAL_SHIFT) & 7]!;
  }

  set seal(seal: Seal | null) {
    const flags = this.block.integers[this.at + FLAGS]!;
    this.block.integers[this.at + FLAGS] = (flags & ~(7 << SEAL_SHIFT)) | (SEALS.indexOf(seal) << SEAL_SHIFT);
  }

  /** Which table of the store holds it, as of the last commit taken; null: none. */
  get stored(): StoredIn | null {
    return STOREDS[(this.block.integers[this.at + FLAGS]! >> STORED_SHIFT) & 7]!;
  }

  set stored(stored: StoredIn | null) {
    const flags = this.block.integers[this.at + FLAGS]!;
    this.block.integers[this.at + FLAGS] = (flags & ~(7 << STORED_SHIFT)) | (STOREDS.indexOf(stored) << STORED_SHIFT);
  }

  // ------------------------------------------------------------------------- the events that its values come from

  /** Reads the refs below; they are `NO_EVENT` where there is no value. */
  get refs(): EventRefs {
    return this.block.refs;
  }

  /** The event of its profile. */
  get profileRef(): number {
    return this.valueRef(0);
  }

  set profileRef(ref: number) {
    this.setValueRef(0, ref);
  }

  /** The event of its source. */
  get sourceRef(): number {
    return this.valueRef(1);
  }

  set sourceRef(ref: number) {
    this.setValueRef(1, ref);
  }

  /** The event of its entry page and referrer. */
  get entryRef(): number {
    return this.valueRef(2);
  }

  set entryRef(ref: number) {
    this.setValueRef(2, ref);
  }

  /** The event of its exit page. */
  get exitRef(): number {
    return this.valueRef(3);
  }

  set exitRef(ref: number) {
    this.setValueRef(3, ref);
  }

  /** The event of its utm. */
  get utmRef(): number {
    return this.valueRef(4);
  }

  set utmRef(ref: number) {
    this.setValueRef(4, ref);
  }

  /** Of all that is named, unless `namedRefs` has one for each. */
  get namedRef(): number {
    return this.valueRef(5);
  }

  set namedRef(ref: number) {
    this.setValueRef(5, ref);
  }

  /** Of all entries in `context`, unless `contextRefs` has one for each. */
  get contextRef(): number {
    return this.valueRef(6);
  }

  set contextRef(ref: number) {
    this.setValueRef(6, ref);
  }

  get contextPageRef(): number {
    return this.valueRef(7);
  }

  set contextPageRef(ref: number) {
    this.setValueRef(7, ref);
  }

  get contextUtmRef(): number {
    return this.valueRef(8);
  }

  set contextUtmRef(ref: number) {
    this.setValueRef(8, ref);
  }

  /** One of the refs, by its number from 0 to `VALUES` - 1. */
  protected valueRef(value: number): number {
    const ref = this.block.halves[this.at * 2 + FIRST_VALUE + value]!;
    if (ref < WIDE) return ref;
    return ref === NONE ? NO_EVENT : this.wideRefs[value]!;
  }

  protected setValueRef(value: number, ref: number): void {
    const at = this.at * 2 + FIRST_VALUE + value;
    if (ref < WIDE) {
      this.block.halves[at] = ref === NO_EVENT ? NONE : ref;
    } else {
      this.block.halves[at] = WIDE;
      this.wideRefs[value] = ref;
    }
  }

  /** Refs that are too large for their place, by their value. */
  protected abstract get wideRefs(): Int32Array;
}
