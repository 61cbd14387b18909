import type { ContextEntry, TrackEvent, Utm } from '../rules/event.ts';
import { type EventId, uuidText } from './event-ids.ts';

const NOTHING: readonly never[] = [];

/**
 * An event as the quick reader makes it: an id that is a UUID in canonical form, as most are, is held as four integers,
 * and a text is made of it only where somebody asks for one, which is seldom. Whoever makes one sets all that is not as it
 * is here.
 */
export class ReadEvent implements TrackEvent {
  private readonly a: number;
  private readonly b: number;
  private readonly c: number;
  private readonly d: number;
  /** An id of another form; null: it is a UUID. */
  private readonly text: string | null;
  sessionId = '';
  debug = false;
  profileId: string | null = null;
  sourceId: string | null = null;
  type = '';
  t: number;
  page: string | null = null;
  referrer: string | null = null;
  utm: Utm | null = null;
  named: TrackEvent['named'] = null;
  context: readonly ContextEntry[] = NOTHING;
  contextPage: ContextEntry | null = null;
  contextUtm: ContextEntry | null = null;
  traits: TrackEvent['traits'] = NOTHING;
  properties: string | null = null;
  shared = false;
  sessionHint = -1;

  constructor({ isUuid, text, a, b, c, d }: EventId, t: number) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    this.text = isUuid ? null : text;
    this.t = t;
  }

  get eventId(): string {
    return this.text ?? uuidText(this.a, this.b, this.c, this.d);
  }

  readId(id: EventId): EventId {
    return this.text === null ? id.setUuid(this.a, this.b, this.c, this.d) : id.setOther(this.text);
  }
}

/** Sets `id` to the event's. */
export function readEventId(event: TrackEvent, id: EventId): EventId {
  return event instanceof ReadEvent ? event.readId(id) : id.set(event.eventId);
}
