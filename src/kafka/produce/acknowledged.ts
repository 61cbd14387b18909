/**
 * Invariant: what was sent and what was acknowledged are counted apart, each partition by itself. A transaction is
 * committed only where the two are equal in all of its partitions: else part of it would be missing for good, with the
 * position past it.
 */
export class Acknowledged {
  readonly #partitions = new Map<string, Partition>();

  /** A batch goes out, of so many records; tried again, it does not count again. */
  sent(topic: string, partition: number, records: number): void {
    this.#of(topic, partition).sent += records;
  }

  /**
   * The leader has it.
   *
   * @param offset of its first record; null: not known.
   * @throws Error where the log has gone back behind what this producer has been acknowledged before.
   */
  acknowledge(topic: string, partition: number, records: number, offset: number | null): void {
    const of = this.#of(topic, partition);
    if (offset !== null) {
      if (offset < of.end) {
        throw new Error(
          `partition ${partition} of topic ${topic} has lost records that it acknowledged: offset ${of.end - 1} was given before, ` +
            `now ${offset}: look for an unclean leader election, and at the settings of the topic that docs/GUARANTEES.md rests on`,
        );
      }
      of.end = offset + records;
    }
    of.acknowledged += records;
  }

  /** @throws Error unless each partition has acknowledged all that was sent to it. */
  mustBeComplete(): void {
    for (const [name, { sent, acknowledged }] of this.#partitions) {
      if (sent !== acknowledged) {
        throw new Error(`not committed: ${name} acknowledged ${acknowledged} of ${sent} records that were sent`);
      }
    }
  }

  #of(topic: string, partition: number): Partition {
    const name = `${topic}/${partition}`;
    let of = this.#partitions.get(name);
    if (of === undefined) {
      of = { sent: 0, acknowledged: 0, end: 0 };
      this.#partitions.set(name, of);
    }
    return of;
  }
}

interface Partition {
  sent: number;
  acknowledged: number;
  /** The offset after the last acknowledged record. */
  end: number;
}
