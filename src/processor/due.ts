import type { Emission } from '../core/changes.ts';

/** When the end that a message tells of was due, ms by the log's clock. A retraction is none: nothing had waited for it. */
export function dueOf(emission: Emission<unknown>): number | null {
  return emission.kind === 'output' && !emission.message.retracted ? emission.message.decidedAt : null;
}

/**
 * When the ends that wait in the outbox were due: of those that this processor committed itself. Kept apart from the rows,
 * which leave memory when there are many, because those that wait for long are the ones to be measured.
 */
export class Dues {
  private readonly waiting: { readonly next: number; readonly dues: readonly number[] }[] = [];

  /** @param next sequence behind the row that holds them. */
  add(next: number, dues: readonly number[]): void {
    if (dues.length > 0) this.waiting.push({ next, dues });
  }

  /** Those of the rows that end at or before this sequence; they are forgotten. */
  removeUpTo(sequence: number): number[] {
    const out = this.waiting.findIndex(({ next }) => next > sequence);
    return this.waiting.splice(0, out < 0 ? this.waiting.length : out).flatMap(({ dues }) => dues);
  }
}
