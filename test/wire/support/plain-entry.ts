import { ReadEvent } from '../../../src/core/memory/read-event.ts';
import type { Entry } from '../../../src/core/rules/event.ts';

/** An entry as a plain object, without what only says how it was read. */
export function told(entry: Entry): Entry {
  if (!(entry instanceof ReadEvent)) return entry;
  const { a, b, c, d, text, shared, sessionHint, ...others } = entry as unknown as { [key: string]: unknown };
  return { ...others, eventId: entry.eventId } as unknown as Entry;
}
