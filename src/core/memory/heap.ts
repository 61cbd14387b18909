import { openedBefore } from '../rules/acceptance.ts';
import type { Visit } from './visit.ts';

/**
 * Visits in order of a time, then of opening.
 *
 * Invariant: the key under which a visit stands here is never later than the time that the visit really has. So the
 * visits are read in the right order although most of their changes, which only put a time off, never touch the heap: the
 * timers compare the key with the real time when they take a visit out, and put it back where it comes later.
 */
export class VisitHeap {
  private readonly keys: number[] = [];
  private readonly visits: Visit[] = [];

  get size(): number {
    return this.keys.length;
  }

  /** Lowest key; Infinity when empty. */
  get nextKey(): number {
    return this.keys.length === 0 ? Number.POSITIVE_INFINITY : this.keys[0]!;
  }

  /** Whether the lowest key is below this. */
  startsBefore(key: number): boolean {
    return this.keys.length > 0 && this.keys[0]! < key;
  }

  push(key: number, visit: Visit): void {
    const { keys, visits } = this;
    let i = keys.length;
    keys.push(key);
    visits.push(visit);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!comesBefore(key, visit, keys[parent]!, visits[parent]!)) break;
      keys[i] = keys[parent]!;
      visits[i] = visits[parent]!;
      i = parent;
    }
    keys[i] = key;
    visits[i] = visit;
  }

  /** The visit with the lowest key. */
  get first(): Visit | undefined {
    return this.visits[0];
  }

  /** Takes out the visit with the lowest key. @throws when empty. */
  pop(): Visit {
    const { keys, visits } = this;
    const top = visits[0]!;
    const key = keys.pop()!;
    const visit = visits.pop()!;
    if (keys.length > 0) this.sink(key, visit);
    return top;
  }

  /** Puts the first visit back under another key. */
  replaceFirst(key: number): void {
    this.sink(key, this.visits[0]!);
  }

  /** Puts a visit in the slot of the first, and moves it down to where it belongs. */
  private sink(key: number, visit: Visit): void {
    const { keys, visits } = this;
    const size = keys.length;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && comesBefore(keys[right]!, visits[right]!, keys[child]!, visits[child]!)) child = right;
      if (!comesBefore(keys[child]!, visits[child]!, key, visit)) break;
      keys[i] = keys[child]!;
      visits[i] = visits[child]!;
      i = child;
    }
    keys[i] = key;
    visits[i] = visit;
  }
}

function comesBefore(key: number, visit: Visit, otherKey: number, other: Visit): boolean {
  return key < otherKey || (key === otherKey && openedBefore(visit, other));
}
