import type { Refusal } from '../core/rules/event.ts';
import { clean, cut } from './text.ts';

/** The entry could not be read at all. Error texts go out in headers, so a replay must find the same: none of an engine. */
export function undecodable(error: string, eventId: string | null = null): Refusal {
  return { refused: 'undecodable', error: cut(clean(error)), eventId };
}

/** The entry was read and breaks a bound. */
export function invalid(error: string, eventId: string | null = null): Refusal {
  return { refused: 'invalid', error: cut(clean(error)), eventId };
}
