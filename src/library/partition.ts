import type { Outcome as CoreOutcome } from '../core/outcome.ts';
import type { Entry } from '../core/rules/event.ts';
import type { Rules } from '../core/rules/rules.ts';
import { MemoryFold } from '../memory/fold.ts';
import { decodeJsonEvent } from '../wire/json.ts';
import { toEvent } from '../wire/track-event.ts';
import { messageOf, profileOf, sessionOf, visitOf } from './answers.ts';
import { rules } from './rules.ts';
import type { LogRecord, Outcome, Profile, Session, TrackEvent, Visit, VisitEnded } from './types.ts';

/** Where records come from. Ids of visits are made of it: name the real ones to have the ids that `tidemark run` gives. */
export interface Source {
  /** `tracks` unless given. */
  readonly topic?: string;
  /** 0 unless given. */
  readonly partition?: number;
}

/**
 * One partition of the input, folded in memory by the code that `tidemark run` folds it with: the same records, in the
 * same order, give the same visits and messages. It reads no clock and waits for nothing.
 */
export class Partition {
  readonly #source: { readonly topic: string; readonly partition: number };
  readonly #fold: MemoryFold;

  /** @param given as `rules` makes them; the defaults unless given. */
  constructor(given: Rules = rules(), { topic = 'tracks', partition = 0 }: Source = {}) {
    this.#source = { topic, partition };
    this.#fold = new MemoryFold(given, this.#source);
  }

  /** The least offset that the next record may have. */
  get nextOffset(): number {
    return this.#fold.nextOffset;
  }

  /**
   * Folds the next record of the log, and ends the visits that are due by it. An event that cannot be read or breaks a
   * bound is no error: it is `dead`.
   * @throws RangeError where the offset is below `nextOffset`, or offset or timestamp is no whole number.
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
   * Ends the visits that are due at `now`, ms since the epoch, as `tidemark run` does by its clock where no more records
   * come: without it a visit ends when a later record says that its time is over.
   * @throws RangeError where it is no whole number.
   */
  endDue(now: number): void {
    if (!Number.isSafeInteger(now))
      throw new RangeError(`now is ${now}, and must be a whole number of ms since the epoch`);
    this.#fold.endDue(now);
  }

  /** Open and ended, those merged into another left out, in order of opening. */
  visits(): Visit[] {
    return this.#fold.visits().map(visitOf);
  }

  /** Debug traffic apart. */
  sessions(): Session[] {
    return this.#fold.sessions().map(sessionOf);
  }

  /** In order of their ids; debug traffic apart. */
  profiles(): Profile[] {
    return this.#fold.profiles().map(profileOf);
  }

  /** All that went out so far, in order: of a visit that a late event changed, each revision. */
  messages(): VisitEnded[] {
    return this.#fold.published.map((message) => messageOf(message, this.#source));
  }
}

/** As records with `input.format: json` are read. */
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
