import type { Emission } from '../core/changes.ts';

/** When the end that a message announces was due, ms by the log's clock; null for a retraction, for which nothing waited. */
export function dueOf(emission: Emission<unknown>): number | null {
  return emission.kind === 'output' && !emission.message.retracted ? emission.message.decidedAt : null;
}

/**
 * When the ends were due that wait in the outbox and that this processor committed itself. They are apart from the rows,
 * because rows leave memory when there are many, and the ends that wait for long are the ones to be measured.
 */
export class Dues {
  private readonly waiting: { readonly next: number; readonly dues: readonly number[] }[] = [];

  /** @param next sequence behind the row that holds them. */
  add(next: number, dues: readonly number[]): void {
    if (dues.length > 0) this.waiting.push({ next, dues });
  }

  /** Removes and returns those of the rows that end at or before this sequence. */
  removeUpTo(sequence: number): number[] {
    const out = this.waiting.findIndex(({ next }) => next > sequence);
    return this.waiting.splice(0, out < 0 ? this.waiting.length : out).flatMap(({ dues }) => dues);
  }
}
