import { ReadEvent } from '../../../src/core/memory/read-event.ts';
import type { Entry } from '../../../src/core/rules/event.ts';

/** An entry as a plain object, without the fields that only the reader uses. */
export function plainEntry(entry: Entry): Entry {
  if (!(entry instanceof ReadEvent)) return entry;
  const { a, b, c, d, text, shared, sessionHint, ...others } = entry as unknown as { [key: string]: unknown };
  return { ...others, eventId: entry.eventId } as unknown as Entry;
}
