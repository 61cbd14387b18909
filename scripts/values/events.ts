import { constant, TAKEN, typeOf } from './names.ts';

/** Columns of an event besides its id. `isStored`: the store gets it, so it is kept until the commit. */
const COLUMNS = [
  { name: 'type', type: 'string', isObject: false },
  { name: 'properties', type: 'string | null', isObject: false },
  ...TAKEN.map((value) => ({ name: value.of, type: typeOf(value), isObject: value.parts !== null })),
  { name: 'named', type: 'readonly (string | null)[] | null', isObject: true },
  { name: 'context', type: 'readonly ContextEntry[]', isObject: true },
  { name: 'contextPage', type: 'ContextEntry | null', isObject: true },
  { name: 'contextUtm', type: 'ContextEntry | null', isObject: true },
];

/** `core/memory/event-columns.gen.ts`: what the events of a commit hold for the values of their visits. */
export function eventsFile(): string {
  const last = constant(COLUMNS.at(-1)!.name);
  return `
import type { ContextEntry, TrackEvent, Utm } from '../rules/event.ts';

/** References of an event, in this order. They lie in blocks, which are used again: so none is ever copied to grow. */
const REFERENCES = ${COLUMNS.length + 1};
export const BLOCK_BITS = 12;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;
const TEXT = 0;
${COLUMNS.map(({ name }, i) => `const ${constant(name)} = ${i + 1};`).join('\n')}

/** What events say, by their index: texts and parts that mostly are shared. */
export class EventColumns {
  protected readonly blocks: unknown[][] = [];

  /** @param text the event's id where it is no UUID. */
  protected setReferences(i: number, event: TrackEvent, text: string | null): void {
    const block = this.blockFor(i);
    const first = (i & BLOCK_MASK) * REFERENCES;
    block[first + TEXT] = text;
${COLUMNS.map(({ name }) => `    block[first + ${constant(name)}] = event.${name};`).join('\n')}
  }

  /** The event is applied to its visit's values: of its objects only what the store gets is kept. */
  dropApplied(i: number): void {
    const block = this.blocks[i >> BLOCK_BITS]!;
    const first = (i & BLOCK_MASK) * REFERENCES;
${COLUMNS.filter(({ isObject }) => isObject)
  .map(({ name }) => `    block[first + ${constant(name)}] = null;`)
  .join('\n')}
  }

  /** Reads something of each cache line that its references lie in. */
  protected linesOf(i: number): number {
    return (this.reference(i, TYPE) === null ? 1 : 0) + (this.reference(i, ${last}) === null ? 1 : 0);
  }

  /** The event's id; null where it is a UUID. */
  protected textAt(i: number): string | null {
    return this.reference(i, TEXT) as string | null;
  }

${COLUMNS.map(
  ({ name, type }) => `  ${name}At(i: number): ${type} {
    return this.reference(i, ${constant(name)}) as ${type};
  }
`,
).join('\n')}
  private reference(i: number, which: number): unknown {
    return this.blocks[i >> BLOCK_BITS]![(i & BLOCK_MASK) * REFERENCES + which];
  }

  private blockFor(i: number): unknown[] {
    const at = i >> BLOCK_BITS;
    if (at === this.blocks.length) this.blocks.push(new Array((BLOCK_MASK + 1) * REFERENCES).fill(null));
    return this.blocks[at]!;
  }
}
`;
}
