import type { ContextEntry, TrackEvent, Utm } from './event.ts';
import { type EventId, uuidText } from './event-ids.ts';

const NOTHING: readonly never[] = [];

/**
 * An event whose id is a UUID in canonical form: four integers, of which a text is made only where somebody asks for it,
 * which is seldom. Whoever makes one sets all that is not as it is here.
 */
export class UuidEvent implements TrackEvent {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
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

  constructor({ a, b, c, d }: EventId, t: number) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    this.t = t;
  }

  get eventId(): string {
    return uuidText(this.a, this.b, this.c, this.d);
  }
}

/** Sets `id` to the event's. */
export function readEventId(event: TrackEvent, id: EventId): EventId {
  return event instanceof UuidEvent ? id.setUuid(event.a, event.b, event.c, event.d) : id.set(event.eventId);
}
