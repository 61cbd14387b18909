import type { TrackEvent } from '../rules/event.ts';
import { BLOCK_BITS, EventColumns } from './event-columns.gen.ts';
import { type PackedId, uuidText } from './event-ids.ts';
import type { Visit, VisitEvent } from './visit.ts';

const FIRST_ROOM = 1_024;
const NONE = -1;

/**
 * Integers of an event: 0 to 3 its id where that is a UUID; 4 the index of the visit's next event, as the chain is a
 * circle; 5 the length of the chain, valid in its last event only; 6 and 7 its time.
 */
const INTEGERS = 8;
const NEXT = 4;
const COUNT = 5;
const TIME = 3;

/**
 * The events that were accepted since the last commit was taken, one after the other; those of one visit are a chain.
 *
 * An event is 32 bytes that the garbage collector never looks at and references to texts and parts that mostly are
 * shared; it never becomes an object in the fold. It is applied to its visit's values later, with the visit's other
 * events: then all that this touches is at hand, while at the event's arrival it would have to be fetched from memory.
 *
 * Invariant: an event is in the chain of the visit that has it now, and stays there until it is taken; what was taken
 * can be read until the next event is added.
 */
export class PendingEvents extends EventColumns {
  private integers = new Int32Array(FIRST_ROOM * INTEGERS);
  private times = new Float64Array(this.integers.buffer);
  private count = 0;
  private spent = false;

  add(visit: Visit, event: TrackEvent, id: PackedId): void {
    if (this.spent) this.reuse();
    const i = this.count;
    const at = i * INTEGERS;
    if (at === this.integers.length) this.grow();
    this.count += 1;
    const { integers } = this;
    integers[at] = id.a;
    integers[at + 1] = id.b;
    integers[at + 2] = id.c;
    integers[at + 3] = id.d;
    this.times[i * 4 + TIME] = event.t;
    this.setReferences(i, event, id.isUuid ? null : id.text);
    const last = visit.newest - 1;
    if (last < 0) {
      integers[at + NEXT] = i;
      integers[at + COUNT] = 1;
    } else {
      const before = last * INTEGERS;
      integers[at + NEXT] = integers[before + NEXT]!;
      integers[at + COUNT] = integers[before + COUNT]! + 1;
      integers[before + NEXT] = i;
    }
    visit.newest = i + 1;
  }

  /** Events of `from` are events of `to`, behind those that it has. All of both are applied to their values. */
  move(from: Visit, to: Visit): void {
    const moved = from.newest - 1;
    if (moved < 0) return;
    const last = to.newest - 1;
    if (last >= 0) {
      const first = this.after(last);
      this.setAfter(last, this.after(moved));
      this.setAfter(moved, first);
      this.integers[moved * INTEGERS + COUNT]! += this.countTo(last);
    }
    to.newest = moved + 1;
    to.newestApplied = moved + 1;
    from.newest = 0;
    from.newestApplied = 0;
  }

  /** How many of its events are not applied to its values. */
  unapplied(visit: Visit): number {
    const { newest, newestApplied } = visit;
    if (newest === newestApplied) return 0;
    return this.countTo(newest - 1) - (newestApplied === 0 ? 0 : this.countTo(newestApplied - 1));
  }

  /** The first event that is not applied, where there is one: the others follow by `after`. */
  firstUnapplied(visit: Visit): number {
    const { newest, newestApplied } = visit;
    return this.after((newestApplied === 0 ? newest : newestApplied) - 1);
  }

  /** All of its events are applied to its values. */
  markApplied(visit: Visit): void {
    visit.newestApplied = visit.newest;
  }

  /** A visit's events, on their way to the store from now on; null: there are none. All are applied. */
  take(visit: Visit): VisitEvents | null {
    const last = visit.newest - 1;
    if (last < 0) return null;
    visit.newest = 0;
    visit.newestApplied = 0;
    return new ChainedEvents(this, this.after(last), this.countTo(last));
  }

  /** The commit has taken all that it should. */
  markDrained(): void {
    this.spent = true;
  }

  /** Gives back what a large commit needed. What was taken must not be read any more, and nothing may have been added since. */
  shrink(): void {
    if (!this.spent) return;
    this.count = 0;
    if (this.blocks.length > 1) this.blocks.length = 1;
    if (this.integers.length > INTEGERS << BLOCK_BITS) this.resize(1 << BLOCK_BITS);
  }

  // --------------------------------------------------------------------------------------- what the chains are read by

  /** The next of a visit's events; behind the last the first. */
  after(i: number): number {
    return this.integers[i * INTEGERS + NEXT]!;
  }

  /** Reads something of the first event that is not applied to its visit's values: for `prefetched`. */
  prefetch(visit: Visit): number {
    if (visit.newest === visit.newestApplied) return 0;
    const first = this.firstUnapplied(visit);
    return this.integers[first * INTEGERS]! + this.typeAt(first).length;
  }

  /** As `prefetch`, of `count` events of a visit from `first` on. */
  prefetchFrom(first: number, count: number): number {
    let sum = 0;
    for (let i = first, left = count; left > 0; i = this.after(i), left--) sum += this.linesOf(i);
    return sum;
  }

  /** As `prefetch`, of several visits' events. They take turns, because only an event names the next of its visit. */
  prefetchChains(chains: readonly VisitEvents[]): number {
    const at = chains.map(({ first }) => first);
    const most = chains.reduce((length, chain) => Math.max(length, chain.length), 0);
    let sum = 0;
    for (let turn = 0; turn < most; turn++) {
      for (let c = 0; c < chains.length; c++) {
        if (turn >= chains[c]!.length) continue;
        const i = at[c]!;
        sum += this.linesOf(i);
        at[c] = this.after(i);
      }
    }
    return sum;
  }

  /** As `prefetch`, of the last of a visit's events, which the next one is put behind. */
  prefetchLast({ newest }: Visit): number {
    return newest === 0 ? 0 : this.countTo(newest - 1);
  }

  isId(i: number, id: PackedId): boolean {
    const { integers } = this;
    const at = i * INTEGERS;
    if (!id.isUuid) return this.textAt(i) === id.text;
    return (
      integers[at] === id.a &&
      integers[at + 3] === id.d &&
      integers[at + 1] === id.b &&
      integers[at + 2] === id.c &&
      this.textAt(i) === null
    );
  }

  /** Where the four integers of a UUID begin in `words`; -1: the id is none. */
  wordsAt(i: number): number {
    return this.textAt(i) === null ? i * INTEGERS : NONE;
  }

  get words(): Int32Array {
    return this.integers;
  }

  /** Sets `id` to the event's. */
  readId(i: number, id: PackedId): PackedId {
    const { integers } = this;
    const at = i * INTEGERS;
    const text = this.textAt(i);
    id.isUuid = text === null;
    id.text = text ?? '';
    id.a = integers[at]!;
    id.b = integers[at + 1]!;
    id.c = integers[at + 2]!;
    id.d = integers[at + 3]!;
    return id;
  }

  idAt(i: number): string {
    const { integers } = this;
    const at = i * INTEGERS;
    const text = this.textAt(i);
    return text ?? uuidText(integers[at]!, integers[at + 1]!, integers[at + 2]!, integers[at + 3]!);
  }

  /** ms since the epoch. */
  timeAt(i: number): number {
    return this.times[i * 4 + TIME]!;
  }

  private setAfter(i: number, next: number): void {
    this.integers[i * INTEGERS + NEXT] = next;
  }

  /** How many of its visit's events there are up to this one, which is the last, or was when it was applied. */
  private countTo(i: number): number {
    return this.integers[i * INTEGERS + COUNT]!;
  }

  /** Reuses the memory, and gives back what exceeds the commit before: one may be far larger than usual. */
  private reuse(): void {
    this.spent = false;
    this.blocks.length = Math.min(this.blocks.length, (this.count >> BLOCK_BITS) + 1);
    const room = this.integers.length / INTEGERS;
    if (room > FIRST_ROOM && this.count * 4 < room) this.resize(room / 2);
    this.count = 0;
  }

  private grow(): void {
    const before = this.integers;
    this.resize((before.length / INTEGERS) * 2);
    this.integers.set(before);
  }

  private resize(room: number): void {
    this.integers = new Int32Array(room * INTEGERS);
    this.times = new Float64Array(this.integers.buffer);
  }
}

/** The events of one visit that a commit appends. */
export interface VisitEvents extends Iterable<VisitEvent> {
  readonly length: number;
  /** What holds them, and where in it the first is: the others follow by `after`. */
  readonly columns: PendingEvents;
  readonly first: number;
}

class ChainedEvents implements VisitEvents {
  readonly columns: PendingEvents;
  readonly first: number;
  readonly length: number;

  constructor(columns: PendingEvents, first: number, length: number) {
    this.columns = columns;
    this.first = first;
    this.length = length;
  }

  *[Symbol.iterator](): Iterator<VisitEvent> {
    const { columns } = this;
    for (let i = this.first, left = this.length; left > 0; i = columns.after(i), left--) {
      yield {
        eventId: columns.idAt(i),
        type: columns.typeAt(i),
        t: columns.timeAt(i),
        page: columns.pageAt(i),
        properties: columns.propertiesAt(i),
      };
    }
  }
}
