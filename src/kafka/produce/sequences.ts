/** Sequence numbers end at the largest int32, and go on at 0. */
const COUNT = 2 ** 31;

/** The sequence number of the next record of each partition, counted from 0 by each producer. */
export class Sequences {
  readonly #next = new Map<string, number>();

  next(topic: string, partition: number): number {
    return this.#next.get(`${topic} ${partition}`) ?? 0;
  }

  advance(topic: string, partition: number, records: number): void {
    this.#next.set(`${topic} ${partition}`, (this.next(topic, partition) + records) % COUNT);
  }
}
