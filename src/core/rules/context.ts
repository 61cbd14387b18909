import type { ContextEntry, ContextParts } from './event.ts';

/** Keys of the two parts that are single entries. */
export const PAGE_KEY = 'page';
export const UTM_KEY = 'utm';

/** In place of an index in the list: see `ContextWalk.place`. */
export const AT_PAGE = -1;
export const AT_UTM = -2;

/**
 * Goes through all entries of a context, without making a list of them: one object for many contexts.
 *
 * Invariant: the order depends on the order of the list alone, page and UTM coming before the first key of it that is
 * greater. So it is the order of the keys' UTF-8 bytes where the list has that order, and `contextParts` and
 * `contextEntries` undo each other: a visit that is loaded has its entries where they were.
 */
export class ContextWalk {
  /** The current entry. */
  entry: ContextEntry = ['', null];
  /** `AT_PAGE`, `AT_UTM`, or the entry's index in the list. */
  place = 0;
  private list: readonly ContextEntry[] = [];
  private page: ContextEntry | null = null;
  private utm: ContextEntry | null = null;
  private at = 0;

  /** Begins another context: `next` moves to its first entry. */
  begin({ context, contextPage, contextUtm }: ContextParts): void {
    this.list = context;
    this.page = contextPage;
    this.utm = contextUtm;
    this.at = 0;
  }

  /** Moves to the next entry. @returns false where there is none. */
  next(): boolean {
    const { list, page, utm } = this;
    const listed = this.at < list.length ? list[this.at]! : null;
    if (page !== null && (listed === null || listed[0] > PAGE_KEY)) {
      this.entry = page;
      this.place = AT_PAGE;
      this.page = null;
    } else if (utm !== null && (listed === null || listed[0] > UTM_KEY)) {
      this.entry = utm;
      this.place = AT_UTM;
      this.utm = null;
    } else if (listed !== null) {
      this.entry = listed;
      this.place = this.at++;
    } else {
      return false;
    }
    return true;
  }
}

const walk = new ContextWalk();

/** All entries of a context, in an array that is the caller's. */
export function contextEntries(context: ContextParts): ContextEntry[] {
  const entries: ContextEntry[] = [];
  for (walk.begin(context); walk.next(); ) entries.push(walk.entry);
  return entries;
}

/** Takes a context's entries apart. */
export function contextParts(entries: readonly ContextEntry[]): ContextParts {
  const context: ContextEntry[] = [];
  let contextPage: ContextEntry | null = null;
  let contextUtm: ContextEntry | null = null;
  for (const entry of entries) {
    if (entry[0] === PAGE_KEY) contextPage = entry;
    else if (entry[0] === UTM_KEY) contextUtm = entry;
    else context.push(entry);
  }
  return { context, contextPage, contextUtm };
}
