/** The group that keeps the positions of the outbox, and its coordinator. */
import type { Machines } from './machines.ts';
import type { Node } from './node.ts';
import { Refused, type Sender } from './refused.ts';
import { Seat } from './seat.ts';
import type { Part, Transactions } from './transactions.ts';

/** Longest that it takes until an offset counts whose transaction has been ended here, ms; mostly far less. */
const COUNTS = 2_000;

interface Pending {
  readonly producerId: number;
  readonly partition: number;
  readonly offset: number;
}

/** What a coordinator knows of the offsets of a group. */
interface Known {
  /** By partition. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Partitions with an offset of a transaction whose end is not known, or does not count yet. */
  readonly unstable: ReadonlySet<number>;
}

export class Group implements Part {
  readonly seat: Seat;
  readonly #machines: Machines;
  readonly #transactions: Transactions;
  readonly #offsets = new Map<number, number>();
  /** By broker: what it knew when it was the last time made to be coordinator no more. */
  readonly #left = new Map<number, Known>();
  #pending: readonly Pending[] = [];
  /** Of transactions that are ended, in that order, and do not count yet. */
  #ending: readonly Pending[] = [];

  constructor(machines: Machines, transactions: Transactions, name: string) {
    this.#machines = machines;
    this.#transactions = transactions;
    this.seat = new Seat(machines, `group ${name}`, machines.someNode(), (broker) =>
      this.#left.set(broker, this.#known()),
    );
  }

  /** -1: none. @throws Refused while one is about to take its place. */
  kept(node: Node, partition: number): number {
    const known = this.seat.mayAnswer(node) === 'as of old' ? this.#left.get(node.id)! : this.#known();
    if (known.unstable.has(partition) && this.#machines.world.weakness !== 'unstable position')
      throw new Refused('UNSTABLE_OFFSET_COMMIT');
    return known.offsets.get(partition) ?? -1;
  }

  #known(): Known {
    const unstable = new Set([...this.#pending, ...this.#ending].map(({ partition }) => partition));
    return { offsets: new Map(this.#offsets), unstable };
  }

  keep(node: Node, id: string, sender: Sender, partition: number, offset: number): void {
    this.seat.mustLead(node);
    this.#transactions.verify(id, sender, this);
    const { producerId } = sender;
    const others = this.#pending.filter((one) => one.producerId !== producerId || one.partition !== partition);
    this.#pending = [...others, { producerId, partition, offset }];
  }

  get active(): Node | null {
    return this.seat.active;
  }

  async mark(node: Node, { producerId }: Sender, commit: boolean): Promise<void> {
    this.seat.mustLead(node);
    const mine = this.#pending.filter((one) => one.producerId === producerId);
    this.#pending = this.#pending.filter((one) => one.producerId !== producerId);
    if (!commit || mine.length === 0) return;
    this.#ending = [...this.#ending, ...mine];
    const { world, draw } = this.#machines;
    world.time.after(draw() ** 4 * (world.active ? COUNTS : 20), () => this.#count(mine.at(-1)!));
  }

  #count(last: Pending): void {
    const counted = this.#ending.slice(0, this.#ending.indexOf(last) + 1);
    this.#ending = this.#ending.slice(counted.length);
    for (const { partition, offset } of counted) {
      this.#offsets.set(partition, offset);
      this.#machines.world.positioned(partition, offset);
    }
  }

  /** null: none. */
  position(partition: number): number | null {
    return this.#offsets.get(partition) ?? null;
  }

  expire(partition: number): void {
    this.#offsets.delete(partition);
  }
}
