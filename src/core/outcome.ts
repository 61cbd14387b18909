import type { DeadReason } from './changes.ts';
import type { Visit } from './memory/visit.ts';
import type { TrackEvent } from './rules/event.ts';

/** What became of an event. Its visit may be asked until the next call of `settle`, which may let go of it. */
export type Outcome =
  | PlacedEvent
  | { readonly kind: 'late'; readonly eventId: string; readonly visit: Visit | null }
  | { readonly kind: 'dead'; readonly eventId: string | null; readonly reason: DeadReason; readonly error: string };

/** An event that is in a visit. Its id is made a text only where one asks for it. */
export class PlacedEvent {
  readonly kind: 'started' | 'joined' | 'merged' | 'duplicate';
  readonly visit: Visit;
  private readonly event: TrackEvent;

  constructor(kind: PlacedEvent['kind'], event: TrackEvent, visit: Visit) {
    this.kind = kind;
    this.visit = visit;
    this.event = event;
  }

  get eventId(): string {
    return this.event.eventId;
  }
}
