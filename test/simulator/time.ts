/**
 * Virtual time: it passes only while `run` runs, from one timer to the next, in order.
 *
 * Invariant: between two timers all promises that can go on have gone on, so that a seed decides every order. A tick of
 * Node's `nextTick` queue comes after all of them, and costs a tenth of what a turn of the event loop does.
 */

export interface Timer {
  readonly at: number;
  readonly order: number;
  /** null: cancelled. */
  fire: (() => void) | null;
}

/** More timers than a world of any size has at one moment: whoever sets them waits for a moment that never comes. */
const STUCK = 1_000_000;

export class VirtualTime {
  /** ms since the epoch. */
  now: number;
  /** Timers that have fired: what a run cost. */
  steps = 0;
  private readonly heap: Timer[] = [];
  private order = 0;

  constructor(now: number) {
    this.now = now;
  }

  after(ms: number, fire: () => void): Timer {
    const timer: Timer = { at: this.now + Math.max(0, Math.floor(ms)), order: this.order++, fire };
    this.push(timer);
    return timer;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets so many ms pass. */
  async pass(ms: number): Promise<void> {
    await this.run(this.now + ms);
  }

  /**
   * Lets time pass until a condition holds, or until nothing is left to happen before `end`, ms since the epoch.
   * @returns whether the condition holds.
   * @throws where `end` is no whole ms, which no clock would ever show, and where timers fire without end at one moment.
   */
  async run(end: number, done: () => boolean = () => false): Promise<boolean> {
    if (!Number.isInteger(end)) throw new Error(`time passes in whole ms, not up to ${end}`);
    await settled();
    for (let fired = 0; ; ) {
      if (done()) return true;
      const next = this.heap[0];
      if (next === undefined || next.at > end) break;
      this.pop();
      const { fire } = next;
      if (fire === null) continue;
      fired = next.at === this.now ? fired + 1 : 0;
      if (fired > STUCK)
        throw new Error(`time stands still at ${this.now}: timers that are due set others, without end`);
      this.now = next.at;
      this.steps += 1;
      fire();
      await settled();
    }
    this.now = end;
    return done();
  }

  private push(timer: Timer): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
