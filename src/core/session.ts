import type { EventIds } from './event-ids.ts';
import type { Past } from './past-sessions.ts';
import type { Visit } from './visit.ts';

/** The visits that one session id, or its debug traffic, has in memory: by start, disjoint. */
export class Session {
  readonly sessionId: string;
  readonly debug: boolean;
  /** All ended visits that an event may still touch are here, and all event ids that a resend may match. */
  complete: boolean;
  /** Where it is not complete: bounds what is missing; null: nothing is known of that. */
  past: Past | null = null;
  /** Something of it will be in the next commit. */
  touched = false;
  /** Commits, the next one included, that hold something of it and are not settled. Above 0 it stays in memory. */
  holds = 0;
  /** Offset of the last record that it was looked up for; -1: none. Until that one is folded it stays in memory. */
  awaited = -1;
  /** Where it stands among those that may leave memory, for the moment; -1: it may not. */
  idleAt = -1;
  /** Under which hint it is found; -1: none. */
  hint = -1;
  /** Of many visits, the event ids of all that are not frozen, and maybe more; null: of few, or not made yet. */
  eventIds: EventIds | null = null;
  /** Most sessions never have a second visit: the only one stands here, several in an array. */
  private only: Visit | null = null;
  private several: Visit[] | null = null;

  constructor(sessionId: string, debug: boolean, complete: boolean) {
    this.sessionId = sessionId;
    this.debug = debug;
    this.complete = complete;
  }

  get count(): number {
    if (this.only !== null) return 1;
    return this.several === null ? 0 : this.several.length;
  }

  /** @param i from 0 to `count` - 1. */
  at(i: number): Visit {
    return this.only ?? this.several![i]!;
  }

  /** All of them, in an array that is the caller's. */
  all(): Visit[] {
    return this.only !== null ? [this.only] : [...(this.several ?? [])];
  }

  insert(visit: Visit): void {
    visit.session = this;
    if (this.count === 0) {
      this.only = visit;
      return;
    }
    this.several ??= [this.only!];
    this.only = null;
    const { several } = this;
    let i = several.length;
    while (i > 0 && several[i - 1]!.startedAt > visit.startedAt) i -= 1;
    if (i === several.length) several.push(visit);
    else several.splice(i, 0, visit);
  }

  remove(visit: Visit): void {
    this.keep((each) => each !== visit);
  }

  /** Lets go of all visits but those that it is told to keep. */
  keep(isKept: (visit: Visit) => boolean): void {
    const visits = this.several ?? this.all();
    let kept = 0;
    for (const visit of visits) if (isKept(visit)) visits[kept++] = visit;
    visits.length = kept;
    this.only = kept === 1 ? visits[0]! : null;
    this.several = kept > 1 ? visits : null;
  }
}
