import type { EndReason } from '../rules/span.ts';
import type { Revision } from '../rules/visit-ended.ts';
import { PackedId } from './event-ids.ts';
import type { Visit } from './visit.ts';

const FIRST_ROOM = 256;

/** Integers of a revision: the four of its visit's id, then counts and the reason. */
const INTEGERS = 7;
const [NUMBER, EVENTS, REASON] = [4, 5, 6];
/** Times of a revision, ms since the epoch. */
const TIMES = 3;
const [STARTED, ENDED, DECIDED] = [0, 1, 2];

const REASONS: readonly EndReason[] = ['inactivity', 'explicit', 'max_duration', 'max_events'];

/**
 * The revisions since the last commit was taken, in the order in which they were decided.
 *
 * Every visit that ends makes one, and of most of them only `decidedAt` is ever read, because the visit's row has the rest.
 * So they are numbers in arrays, which the garbage collector never looks at, and become objects only where `at` returns one.
 *
 * Invariant: a revision has `mergedInto` exactly if it takes its visit back: `revisionOf` makes no others.
 */
export class Revisions implements Iterable<Revision> {
  private integers = new Int32Array(0);
  private times = new Float64Array(0);
  /** The survivor of each visit that a revision takes back, by revision. */
  private readonly merged = new Map<number, string>();
  private count = 0;

  get length(): number {
    return this.count;
  }

  /**
   * @param visitId the revision's, packed.
   * @returns its index.
   * @throws where the id is no UUID in canonical form.
   */
  add(visitId: PackedId, revision: Omit<Revision, 'visitId'>): number {
    if (!visitId.isUuid) throw new Error(`a revision of ${visitId.text}, which is no id of a visit`);
    const i = this.count++;
    if (i * TIMES === this.times.length) this.grow();
    const { integers, times } = this;
    const at = i * INTEGERS;
    integers[at] = visitId.a;
    integers[at + 1] = visitId.b;
    integers[at + 2] = visitId.c;
    integers[at + 3] = visitId.d;
    integers[at + NUMBER] = revision.revision;
    integers[at + EVENTS] = revision.eventCount;
    integers[at + REASON] = REASONS.indexOf(revision.reason);
    times[i * TIMES + STARTED] = revision.startedAt;
    times[i * TIMES + ENDED] = revision.endedAt;
    times[i * TIMES + DECIDED] = revision.decidedAt;
    if (revision.mergedInto !== null) this.merged.set(i, revision.mergedInto);
    return i;
  }

  /** @throws RangeError where there is none at this index. */
  at(i: number): Revision {
    const mergedInto = this.merged.get(i) ?? null;
    return {
      visitId: this.readVisitId(i, id).toString(),
      revision: this.integer(i, NUMBER),
      reason: REASONS[this.integer(i, REASON)]!,
      retracted: mergedInto !== null,
      mergedInto,
      startedAt: this.time(i, STARTED),
      endedAt: this.time(i, ENDED),
      eventCount: this.integer(i, EVENTS),
      decidedAt: this.decidedAt(i),
    };
  }

  /** Sets `into` to the visit's id of the revision at `i`. */
  readVisitId(i: number, into: PackedId): PackedId {
    return into.setUuid(this.integer(i, 0), this.integer(i, 1), this.integer(i, 2), this.integer(i, 3));
  }

  decidedAt(i: number): number {
    return this.time(i, DECIDED);
  }

  /** Whether the visit is still as the revision at `i`, one of its own, describes it. */
  isStillTrue(i: number, visit: Visit): boolean {
    return (
      visit.ended &&
      !this.merged.has(i) &&
      this.integer(i, NUMBER) === visit.published - 1 &&
      REASONS[this.integer(i, REASON)] === visit.reason &&
      this.time(i, STARTED) === visit.startedAt &&
      this.time(i, ENDED) === visit.lastEventAt &&
      this.integer(i, EVENTS) === visit.eventCount
    );
  }

  *[Symbol.iterator](): Iterator<Revision> {
    for (let i = 0; i < this.count; i++) yield this.at(i);
  }

  private integer(i: number, which: number): number {
    this.check(i);
    return this.integers[i * INTEGERS + which]!;
  }

  private time(i: number, which: number): number {
    this.check(i);
    return this.times[i * TIMES + which]!;
  }

  private check(i: number): void {
    if (i < 0 || i >= this.count) throw new RangeError(`there is no revision ${i} of ${this.count}`);
  }

  private grow(): void {
    const { integers, times } = this;
    const room = Math.max(FIRST_ROOM, (times.length / TIMES) * 2);
    this.integers = new Int32Array(room * INTEGERS);
    this.integers.set(integers);
    this.times = new Float64Array(room * TIMES);
    this.times.set(times);
  }
}

const id = new PackedId();
