import type { TrackEvent } from './event.ts';
import { type EventId, uuidText } from './event-ids.ts';
import type { Visit, VisitEvent } from './visit.ts';

const FIRST_ROOM = 1_024;
const NONE = -1;

/**
 * The events that were accepted since the last commit was taken, in columns; those of one visit are a chain in them.
 *
 * In columns, because an object for each event that outlives a commit's interval is what the garbage collector would
 * spend most of its time on: here an event is 44 bytes that it never looks at, and three references.
 *
 * Invariant: an event is in the chain of the visit that has it now, and stays there until it is taken; what was taken
 * can be read until the next event is added.
 */
export class FreshEvents {
  /** Four integers an event: its id where that is a UUID in canonical form. */
  private ids = new Int32Array(4 * FIRST_ROOM);
  private times = new Float64Array(FIRST_ROOM);
  /** Index of the visit's next event. */
  private next = new Int32Array(FIRST_ROOM);
  /** Ids that are no UUID; null for those that are. */
  private readonly texts: (string | null)[] = [];
  private readonly types: string[] = [];
  private readonly pages: (string | null)[] = [];
  private readonly properties: (string | null)[] = [];
  private count = 0;
  private spent = false;

  add(visit: Visit, event: TrackEvent, id: EventId): void {
    if (this.spent) this.begin();
    const i = this.count;
    if (i === this.times.length) this.grow();
    this.count += 1;
    const { ids } = this;
    const at = i * 4;
    ids[at] = id.a;
    ids[at + 1] = id.b;
    ids[at + 2] = id.c;
    ids[at + 3] = id.d;
    this.times[i] = event.t;
    this.texts[i] = id.isUuid ? null : id.text;
    this.types[i] = event.type;
    this.pages[i] = event.page;
    this.properties[i] = event.properties;
    this.next[i] = NONE;
    if (visit.freshCount === 0) visit.freshFirst = i;
    else this.next[visit.freshLast] = i;
    visit.freshLast = i;
    visit.freshCount += 1;
  }

  /** Events of `from` are events of `to`, behind those that it has. */
  move(from: Visit, to: Visit): void {
    if (from.freshCount === 0) return;
    if (to.freshCount === 0) to.freshFirst = from.freshFirst;
    else this.next[to.freshLast] = from.freshFirst;
    to.freshLast = from.freshLast;
    to.freshCount += from.freshCount;
    from.freshCount = 0;
  }

  /** A visit's events, on their way to the store from now on. */
  take(visit: Visit): VisitEvents {
    const taken = new ChainedEvents(this, visit.freshFirst, visit.freshCount);
    visit.freshCount = 0;
    return taken;
  }

  /** All that should be was taken. */
  end(): void {
    this.spent = true;
  }

  // --------------------------------------------------------------------------------------- what the chains are read by

  after(i: number): number {
    return this.next[i]!;
  }

  /** The first of the four integers of a UUID is at this index of `idWords`; -1: the id is none. */
  wordsAt(i: number): number {
    return this.texts[i] === null ? i * 4 : NONE;
  }

  get idWords(): Int32Array {
    return this.ids;
  }

  idAt(i: number): string {
    const { ids } = this;
    return this.texts[i] ?? uuidText(ids[i * 4]!, ids[i * 4 + 1]!, ids[i * 4 + 2]!, ids[i * 4 + 3]!);
  }

  typeAt(i: number): string {
    return this.types[i]!;
  }

  /** ms since the epoch. */
  timeAt(i: number): number {
    return this.times[i]!;
  }

  pageAt(i: number): string | null {
    return this.pages[i]!;
  }

  propertiesAt(i: number): string | null {
    return this.properties[i]!;
  }

  private begin(): void {
    this.spent = false;
    this.count = 0;
    // After a commit that was far larger than usual: memory goes back, and nothing holds texts that are long gone.
    for (const column of [this.texts, this.types, this.pages, this.properties]) column.length = 0;
    if (this.times.length <= FIRST_ROOM * 64) return;
    this.ids = new Int32Array(4 * FIRST_ROOM);
    this.times = new Float64Array(FIRST_ROOM);
    this.next = new Int32Array(FIRST_ROOM);
  }

  private grow(): void {
    const room = this.times.length * 2;
    this.ids = extended(this.ids, new Int32Array(4 * room));
    this.times = extended(this.times, new Float64Array(room));
    this.next = extended(this.next, new Int32Array(room));
  }
}

/** The events of one visit that a commit appends. */
export interface VisitEvents extends Iterable<VisitEvent> {
  readonly length: number;
  /** Their columns, and where in them the first is: the others follow by `after`. */
  readonly columns: FreshEvents;
  readonly first: number;
}

class ChainedEvents implements VisitEvents {
  readonly columns: FreshEvents;
  readonly first: number;
  readonly length: number;

  constructor(columns: FreshEvents, first: number, length: number) {
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

function extended<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
