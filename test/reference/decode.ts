/** A scenario's event object to an entry of a record: the wire layer does it, as for every other form of input. */
import type { Entry } from '../../src/core/rules/event.ts';
import type { DecodedEvent } from '../../src/wire/decoded.ts';
import { undecodable } from '../../src/wire/refusal.ts';
import { toEvent } from '../../src/wire/track-event.ts';

/** A TrackEvent as a scenario file writes it; absent fields have their defaults. */
export type PlainEvent = DecodedEvent & {
  readonly event_id: string;
  readonly session_id: string;
  readonly type: string;
  readonly occurred_at: number;
};

/**
 * @param plain null: a record that cannot be decoded.
 * @param timestamp of the record, ms: stands in for `received_at`.
 */
export function decode(plain: PlainEvent | null, timestamp: number): Entry {
  if (plain === null) return undecodable('not a TrackEvent');
  return toEvent(plain, { timestamp, receivedAtHeader: null }, { keepProperties: true });
}
