import type { ContextEntry, LogRecord, TrackEvent, Utm } from '../rules/event.ts';
import { type PackedId, uuidText } from './event-ids.ts';

const NOTHING: readonly never[] = [];

/** An event with what its reader found out by the way: hints, which decide how fast it is folded, and nothing else. */
export interface HintedEvent extends TrackEvent {
  /** Its page, device, place and the like are objects that many events share: to keep them costs little. */
  readonly shared?: boolean;
  /**
   * A small number by which its reader knows the session id for the moment: events with the same one mostly are of the
   * same session, and have the same object for its id. It may be wrong; -1: none.
   */
  readonly sessionHint?: number;
}

/** A record with what its reader found out by the way. */
export interface ReadRecord<Raw> extends LogRecord<Raw> {
  /** Whether the record's key is not the session id of an event in it; undefined: the reader did not compare them. */
  readonly misplaced?: boolean | undefined;
}

/**
 * An event as the quick reader makes it: an id that is a UUID in canonical form, as most are, is four integers, and
 * becomes a text only where one is asked for, which is seldom. The reader sets all fields that differ from the defaults.
 */
export class ReadEvent implements HintedEvent {
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

  constructor({ isUuid, text, a, b, c, d }: PackedId, t: number) {
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

  readId(id: PackedId): PackedId {
    return this.text === null ? id.setUuid(this.a, this.b, this.c, this.d) : id.setOther(this.text);
  }
}

/** Sets `id` to the event's. */
export function readEventId(event: TrackEvent, id: PackedId): PackedId {
  return event instanceof ReadEvent ? event.readId(id) : id.set(event.eventId);
}
