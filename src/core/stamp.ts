import { EventId, uuidText } from './event-ids.ts';
import { compareUtf8 } from './order.ts';

/**
 * The event that a value comes from: first and last are by (`t`, `eventId` as UTF-8 bytes). The id of most events is a
 * UUID, which stands here as its four integers: its text is needed only where two events have the same time.
 */
export class Stamp {
  /** ms since the epoch. */
  readonly t: number;
  /** Null: the id is a UUID in canonical form. */
  readonly text: string | null;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;

  constructor(t: number, text: string | null, a: number, b: number, c: number, d: number) {
    this.t = t;
    this.text = text;
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }

  static of(t: number, eventId: string): Stamp {
    const { isUuid, a, b, c, d } = id.set(eventId);
    return new Stamp(t, isUuid ? null : eventId, a, b, c, d);
  }

  get eventId(): string {
    return this.text ?? uuidText(this.a, this.b, this.c, this.d);
  }

  isBefore(other: Stamp): boolean {
    return this.t < other.t || (this.t === other.t && compareUtf8(this.eventId, other.eventId) < 0);
  }

  isAfter(other: Stamp): boolean {
    return this.t > other.t || (this.t === other.t && compareUtf8(this.eventId, other.eventId) > 0);
  }
}

const id = new EventId();
