import type { Outcome as CoreOutcome } from '../core/outcome.ts';
import type { Entry } from '../core/rules/event.ts';
import type { Rules } from '../core/rules/rules.ts';
import { MemoryFold } from '../memory/fold.ts';
import { decodeJsonEvent } from '../wire/json.ts';
import { toEvent } from '../wire/track-event.ts';
import { profileOf, publicMessageOf, sessionOf, visitOf } from './answers.ts';
import { rules } from './rules.ts';
import type { LogRecord, Outcome, Profile, Session, TrackEvent, Visit, VisitEnded } from './types.ts';

/** Where records come from. Ids of visits depend on it: the real topic and partition give the ids that `tidemark run` gives. */
export interface Source {
  /** `tracks` unless given. */
  readonly topic?: string;
  /** 0 unless given. */
  readonly partition?: number;
}

/**
 * One partition of the input, folded in memory by the code of `tidemark run`: the same records, in the same order, give the
 * same visits and messages. It reads no clock and waits for nothing.
 */
export class Partition {
  readonly #source: { readonly topic: string; readonly partition: number };
  readonly #fold: MemoryFold;

  /** @param given as `rules` makes them; the defaults unless given. */
  constructor(given: Rules = rules(), { topic = 'tracks', partition = 0 }: Source = {}) {
    this.#source = { topic, partition };
    this.#fold = new MemoryFold(given, this.#source);
  }

  /** The lowest offset that the next record may have. */
  get nextOffset(): number {
    return this.#fold.nextOffset;
  }

  /**
   * Folds the next record of the log, and ends the visits that are due by it. An event that cannot be read or breaks a
   * bound is no error: it is `dead`.
   * @throws RangeError if the offset is below `nextOffset`, or offset or timestamp is no whole number.
   */
  fold({ offset = this.nextOffset, timestamp, stamped, event }: LogRecord): Outcome {
    if (!Number.isSafeInteger(offset) || offset < this.nextOffset) {
      throw new RangeError(`offset is ${offset}, and must be a whole number from ${this.nextOffset}`);
    }
    if (!Number.isSafeInteger(timestamp)) {
      throw new RangeError(`timestamp is ${timestamp}, and must be a whole number of ms since the epoch`);
    }
    let outcome: Outcome | null = null;
    this.#fold.fold({ offset, timestamp, stamped, entries: [entryOf(event, timestamp)], raw: null }, (became) => {
      outcome = outcomeOf(became);
    });
    return outcome!;
  }

  /**
   * Ends the visits that are due at `now`, ms since the epoch, as `tidemark run` does by its clock if no more records come:
   * without it a visit ends when a later record moves the clock past its due point.
   * @throws RangeError if it is no whole number.
   */
  endDue(now: number): void {
    if (!Number.isSafeInteger(now))
      throw new RangeError(`now is ${now}, and must be a whole number of ms since the epoch`);
    this.#fold.endDue(now);
  }

  /** Open and ended visits, without those merged into another, in order of opening. */
  visits(): Visit[] {
    return this.#fold.visits().map(visitOf);
  }

  /** Sessions, without debug traffic. */
  sessions(): Session[] {
    return this.#fold.sessions().map(sessionOf);
  }

  /** Profiles in order of their ids, without debug traffic. */
  profiles(): Profile[] {
    return this.#fold.profiles().map(profileOf);
  }

  /** All messages so far, in order: each revision of a visit that a late event changed. */
  messages(): VisitEnded[] {
    return this.#fold.published.map((message) => publicMessageOf(message, this.#source));
  }
}

/** Reads an event as records with `input.format: json` are read. */
function entryOf(event: TrackEvent, timestamp: number): Entry {
  const decoded = decodeJsonEvent(event);
  if ('refused' in decoded) return decoded;
  return toEvent(decoded, { timestamp, receivedAtHeader: null }, { keepProperties: false });
}

function outcomeOf(outcome: CoreOutcome): Outcome {
  const { kind } = outcome;
  if (kind === 'dead') return { kind, event_id: outcome.eventId, reason: outcome.reason, error: outcome.error };
  if (kind === 'late') return { kind, event_id: outcome.eventId, visit_id: outcome.visit?.id ?? null };
  return { kind, event_id: outcome.eventId, visit_id: outcome.visit.id };
}
