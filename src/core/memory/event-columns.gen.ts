// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { ContextEntry, TrackEvent, Utm } from '../rules/event.ts';

/** References of an event, in this order. They lie in blocks, which are used again: so none is ever copied to grow. */
const REFERENCES = 12;
export const BLOCK_BITS = 12;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;
const TEXT = 0;
const TYPE = 1;
const PROPERTIES = 2;
const PROFILE_ID = 3;
const SOURCE_ID = 4;
const PAGE = 5;
const REFERRER = 6;
const UTM = 7;
const NAMED = 8;
const CONTEXT = 9;
const CONTEXT_PAGE = 10;
const CONTEXT_UTM = 11;

/** What events say, by their index: texts and parts that mostly are shared. */
export class EventColumns {
  protected readonly blocks: unknown[][] = [];

  /** @param text the event's id where it is no UUID. */
  protected setReferences(i: number, event: TrackEvent, text: string | null): void {
    const block = this.blockFor(i);
    const first = (i & BLOCK_MASK) * REFERENCES;
    block[first + TEXT] = text;
    block[first + TYPE] = event.type;
    block[first + PROPERTIES] = event.properties;
    block[first + PROFILE_ID] = event.profileId;
    block[first + SOURCE_ID] = event.sourceId;
    block[first + PAGE] = event.page;
    block[first + REFERRER] = event.referrer;
    block[first + UTM] = event.utm;
    block[first + NAMED] = event.named;
    block[first + CONTEXT] = event.context;
    block[first + CONTEXT_PAGE] = event.contextPage;
    block[first + CONTEXT_UTM] = event.contextUtm;
  }

  /** The event is applied to its visit's values: of its objects only what the store gets is kept. */
  dropApplied(i: number): void {
    const block = this.blocks[i >> BLOCK_BITS]!;
    const first = (i & BLOCK_MASK) * REFERENCES;
    block[first + UTM] = null;
    block[first + NAMED] = null;
    block[first + CONTEXT] = null;
    block[first + CONTEXT_PAGE] = null;
    block[first + CONTEXT_UTM] = null;
  }

  /** Reads something of each cache line that its references lie in. */
  protected linesOf(i: number): number {
    return (this.reference(i, TYPE) === null ? 1 : 0) + (this.reference(i, CONTEXT_UTM) === null ? 1 : 0);
  }

  /** The event's id; null where it is a UUID. */
  protected textAt(i: number): string | null {
    return this.reference(i, TEXT) as string | null;
  }

  typeAt(i: number): string {
    return this.reference(i, TYPE) as string;
  }

  propertiesAt(i: number): string | null {
    return this.reference(i, PROPERTIES) as string | null;
  }

  profileIdAt(i: number): string | null {
    return this.reference(i, PROFILE_ID) as string | null;
  }

  sourceIdAt(i: number): string | null {
    return this.reference(i, SOURCE_ID) as string | null;
  }

  pageAt(i: number): string | null {
    return this.reference(i, PAGE) as string | null;
  }

  referrerAt(i: number): string | null {
    return this.reference(i, REFERRER) as string | null;
  }

  utmAt(i: number): Utm | null {
    return this.reference(i, UTM) as Utm | null;
  }

  namedAt(i: number): readonly (string | null)[] | null {
    return this.reference(i, NAMED) as readonly (string | null)[] | null;
  }

  contextAt(i: number): readonly ContextEntry[] {
    return this.reference(i, CONTEXT) as readonly ContextEntry[];
  }

  contextPageAt(i: number): ContextEntry | null {
    return this.reference(i, CONTEXT_PAGE) as ContextEntry | null;
  }

  contextUtmAt(i: number): ContextEntry | null {
    return this.reference(i, CONTEXT_UTM) as ContextEntry | null;
  }

  private reference(i: number, which: number): unknown {
    return this.blocks[i >> BLOCK_BITS]![(i & BLOCK_MASK) * REFERENCES + which];
  }

  private blockFor(i: number): unknown[] {
    const at = i >> BLOCK_BITS;
    if (at === this.blocks.length) this.blocks.push(new Array((BLOCK_MASK + 1) * REFERENCES).fill(null));
    return this.blocks[at]!;
  }
}
