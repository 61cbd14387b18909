import type { RawRecord } from '../ports/record.ts';
import type { ArrivalTimes } from './track-event.ts';

/** All headers of tidemark's own begin so. */
export const OWN_PREFIX = 'tidemark-';
/** Given to a record that is sent to the input again: the timestamp that it had, which stands in for `received_at`. */
export const RECEIVED_AT = 'tidemark-received-at';

/** What of a record's arrival an event's time may be taken from. */
export function arrivalTimesOf(record: RawRecord): ArrivalTimes {
  return {
    timestamp: record.timestamp,
    receivedAtHeader: receivedAt(record.headers),
  };
}

/** The last one counts. Anything but a whole number in decimal is NaN, which no event's time can be made from. */
export function receivedAt(headers: RawRecord['headers']): number | null {
  if (headers.length === 0) return null;
  const value = headers.findLast(([name]) => name === RECEIVED_AT)?.[1];
  if (value === undefined) return null;
  const text = value.toString('latin1');
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}
