/**
 * Coordinators of transactions, as Kafka has them before each transaction had an epoch of its own: what comes late is done if
 * it fits what is going on then, be it the next transaction of the same producer.
 */
import type { Machines } from './machines.ts';
import type { Node } from './node.ts';
import { Refused, type Sender } from './refused.ts';
import { Seat } from './seat.ts';

type State = 'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

/** What takes part in transactions: a partition, or a group with its offsets. */
export interface Part {
  /** Whoever leads it, where that works, and knows that it leads. */
  readonly active: Node | null;
  /** Ends a transaction here. */
  mark(node: Node, sender: Sender, commit: boolean): Promise<void>;
}

/** Longest between a transaction's end and the marker in one of its partitions, ms. */
const MARKED = 30;
/** Until a marker is tried again, ms. */
const AGAIN = 100;

class Transactional {
  readonly id: string;
  readonly producerId: number;
  readonly seat: Seat;
  epoch = -1;
  state: State = 'Empty';
  timeout = 0;
  /** How many there were. */
  count = 0;
  parts = new Set<Part>();

  constructor(id: string, producerId: number, seat: Seat) {
    this.id = id;
    this.producerId = producerId;
    this.seat = seat;
  }

  get sender(): Sender {
    return { producerId: this.producerId, producerEpoch: this.epoch };
  }
}

export class Transactions {
  readonly #machines: Machines;
  readonly #all = new Map<string, Transactional>();

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  declare(id: string): void {
    const seat = new Seat(this.#machines, `transactional id ${id}`, this.#machines.someNode());
    this.#all.set(id, new Transactional(id, 1_000 + this.#all.size, seat));
  }

  get seats(): Seat[] {
    return [...this.#all.values()].map(({ seat }) => seat);
  }

  seatOf(id: string): Seat {
    return this.#all.get(id)!.seat;
  }

  /** A new producer, its predecessor fenced, and what it left open ended. */
  initProducerId(node: Node, id: string, timeout: number): Sender {
    const mine = this.#at(node, id);
    if (mine.state === 'PrepareCommit' || mine.state === 'PrepareAbort') throw new Refused('CONCURRENT_TRANSACTIONS');
    mine.epoch += 1;
    if (mine.state === 'Ongoing') {
      this.#end(mine, false);
      throw new Refused('CONCURRENT_TRANSACTIONS');
    }
    mine.state = 'Empty';
    mine.timeout = timeout;
    return mine.sender;
  }

  /** Partitions, or the group whose offsets, belong to the transaction, which begins with the first. */
  add(node: Node, id: string, sender: Sender, parts: readonly Part[]): void {
    const mine = this.#of(node, id, sender);
    if (mine.state === 'PrepareCommit' || mine.state === 'PrepareAbort') throw new Refused('CONCURRENT_TRANSACTIONS');
    if (mine.state !== 'Ongoing') this.#begin(mine);
    for (const part of parts) mine.parts.add(part);
  }

  end(node: Node, id: string, sender: Sender, commit: boolean): void {
    const mine = this.#of(node, id, sender);
    if (mine.state === (commit ? 'CompleteCommit' : 'CompleteAbort')) return;
    if (mine.state === (commit ? 'PrepareCommit' : 'PrepareAbort')) throw new Refused('CONCURRENT_TRANSACTIONS');
    if (mine.state !== 'Ongoing') throw new Refused('INVALID_TXN_STATE');
    this.#end(mine, commit);
  }

  /** What a broker asks before it takes something into a transaction. */
  verify(id: string, { producerId, producerEpoch }: Sender, part: Part): void {
    const mine = this.#all.get(id);
    if (mine?.producerId !== producerId || mine.epoch !== producerEpoch) throw new Refused('INVALID_PRODUCER_EPOCH');
    if (mine.state !== 'Ongoing' || !mine.parts.has(part)) throw new Refused('INVALID_TXN_STATE');
  }

  #at(node: Node, id: string): Transactional {
    const mine = this.#all.get(id)!;
    mine.seat.mustLead(node);
    return mine;
  }

  #of(node: Node, id: string, { producerId, producerEpoch }: Sender): Transactional {
    const mine = this.#at(node, id);
    if (mine.producerId !== producerId) throw new Refused('INVALID_PRODUCER_ID_MAPPING');
    if (mine.epoch !== producerEpoch) throw new Refused('INVALID_PRODUCER_EPOCH');
    return mine;
  }

  #begin(mine: Transactional): void {
    mine.state = 'Ongoing';
    mine.parts = new Set();
    mine.count += 1;
    const { count } = mine;
    const { time } = this.#machines.world;
    const expire = () => {
      if (mine.count !== count || mine.state !== 'Ongoing') return;
      if (mine.seat.active === null) {
        time.after(AGAIN, expire);
        return;
      }
      this.#machines.note(`${mine.seat.name}: transaction timed out`);
      mine.epoch += 1;
      this.#end(mine, false);
    };
    time.after(mine.timeout, expire);
  }

  #end(mine: Transactional, commit: boolean): void {
    mine.state = commit ? 'PrepareCommit' : 'PrepareAbort';
    this.#mark(mine, commit, new Set(mine.parts));
  }

  /** Each part is marked by itself; a coordinator that takes over begins anew, with all of them. */
  #mark(mine: Transactional, commit: boolean, left: Set<Part>): void {
    const { seat } = mine;
    const coordinator = seat.truth;
    const { world, draw } = this.#machines;
    const again = (part: Part, ms: number) => world.time.after(ms, () => attempt(part));
    const attempt = (part: Part): void => {
      if (seat.truth !== coordinator) {
        if (left.delete(part) && left.size === 0) this.#mark(mine, commit, new Set(mine.parts));
        return;
      }
      const node = part.active;
      if (node === null || seat.active === null) {
        again(part, AGAIN);
        return;
      }
      part.mark(node, mine.sender, commit).then(
        () => {
          if (seat.truth !== coordinator) attempt(part);
          else if (left.delete(part) && left.size === 0) this.#complete(mine, commit);
        },
        () => again(part, AGAIN),
      );
    };
    for (const part of left) again(part, draw() * Math.max(world.delay, MARKED));
  }

  #complete(mine: Transactional, commit: boolean): void {
    mine.state = commit ? 'CompleteCommit' : 'CompleteAbort';
    this.#machines.note(`${mine.seat.name}: epoch ${mine.epoch} ${commit ? 'committed' : 'aborted'}`);
  }
}
