/** A broker as a process: it can be killed, or stand still and go on. */
import { Fault } from '../fault.ts';
import type { VirtualTime } from '../time.ts';

/** What a broker needs to know of how long things take. */
interface Pace {
  readonly time: VirtualTime;
  /** How long one that stood still goes on to believe what it believed, ms. */
  belief(): number;
}

export class Node {
  readonly id: number;
  readonly #pace: Pace;
  state: 'up' | 'down' | 'frozen' = 'up';
  /** Rises with each death: what came before is never answered. */
  #life = 0;
  #waiting: (() => void)[] = [];
  /** What it has not learned because it stood still. */
  #missed: (() => void)[] = [];

  constructor(pace: Pace, id: number) {
    this.#pace = pace;
    this.id = id;
  }

  /** A request that has arrived. One that stands still does it, and answers, when it goes on. */
  async serve<T>(work: () => T | Promise<T>): Promise<T> {
    const life = this.#life;
    await this.#awake(life);
    try {
      return await work();
    } finally {
      await this.#awake(life);
    }
  }

  /** Something comes to its knowledge; one that is down reads all when it starts. */
  learn(ms: number, happens: () => void): void {
    this.#pace.time.after(ms, () => {
      if (this.state === 'frozen') this.#missed.push(happens);
      else if (this.state === 'up') happens();
    });
  }

  kill(): void {
    this.state = 'down';
    this.#life += 1;
    this.#missed = [];
    this.#wake();
  }

  freeze(): void {
    this.state = 'frozen';
  }

  /** What it had queued is done first, as if it still led whatever it did. */
  goOn(): void {
    this.state = 'up';
    const missed = this.#missed;
    this.#missed = [];
    for (const happens of missed) this.learn(this.#pace.belief(), happens);
    this.#wake();
  }

  async #awake(life: number): Promise<void> {
    while (this.state === 'frozen' && this.#life === life) await new Promise<void>((go) => this.#waiting.push(go));
    if (this.state === 'down' || this.#life !== life) throw new Fault(`broker ${this.id} has gone`);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}
