/**
 * A partition of an output topic: a log on each broker. Followers fetch from whom they take for the leader; a batch is
 * acknowledged once all replicas in sync have it. What fewer have is lost or kept when the leader moves, as it comes.
 */
import type { OutputTopic } from '../../../src/ports/output.ts';
import { Fault } from '../fault.ts';
import type { Timer } from '../time.ts';
import { readBatch } from './batch.ts';
import { Consumer } from './consumer.ts';
import { Led } from './led.ts';
import type { Machines } from './machines.ts';
import type { Node } from './node.ts';
import { Refused, type Sender } from './refused.ts';
import { type Entry, Replica } from './replica.ts';
import type { Part, Transactions } from './transactions.ts';

/** `min.insync.replicas`. */
const IN_SYNC = 2;
/** Longest that a leader waits for the other replicas, ms. */
const PRODUCE_TIMEOUT = 800;

interface Waiter {
  readonly node: Node;
  /** Of the entry in the log. */
  readonly index: number;
  readonly timer: Timer;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class TopicPartition extends Led implements Part {
  readonly topic: OutputTopic;
  readonly partition: number;
  readonly consumer: Consumer;
  readonly replicas: readonly Replica[];
  readonly #transactions: Transactions;
  readonly #inSync: Set<number>;
  /** Entries that each broker has fetched of whom it takes for the leader. */
  readonly #fetched: number[];
  readonly #fetching = new Set<number>();
  #replicated = 0;
  #waiters: Waiter[] = [];

  constructor(machines: Machines, transactions: Transactions, topic: OutputTopic, partition: number) {
    super(machines, `${topic} ${partition}`, machines.someNode());
    this.#transactions = transactions;
    this.topic = topic;
    this.partition = partition;
    this.replicas = machines.nodes.map(() => new Replica());
    this.#inSync = new Set(machines.nodes.map(({ id }) => id));
    this.#fetched = machines.nodes.map(() => 0);
    this.consumer = new Consumer(
      (record) => machines.world.shown(topic, partition, record),
      ({ offset }) => machines.world.broken(`${this.name}: the brokers lost offset ${offset}, which was acknowledged`),
    );
  }

  /** @returns the offset of the first record, once it is acknowledged. */
  async produce(node: Node, transactionalId: string, bytes: Buffer): Promise<number> {
    if (!this.believes(node)) throw new Refused('NOT_LEADER_FOR_PARTITION');
    const batch = readBatch(bytes);
    const log = this.replicas[node.id]!;
    // The partition's leader asks the coordinator once, and not while the transaction has records here.
    if (!log.isOpen(batch.producerId)) this.#transactions.verify(transactionalId, batch, this);
    if (this.#inSync.size < IN_SYNC) throw new Refused('NOT_ENOUGH_REPLICAS');
    const found = this.machines.world.weakness === 'duplicates taken for new' ? null : log.find(batch);
    const entry = found ?? { kind: 'batch', offset: log.end, ...batch };
    if (found === null) this.#append(node, entry);
    await this.#acknowledged(node, log.entries.lastIndexOf(entry));
    return entry.offset;
  }

  /** Ends a transaction here. */
  async mark(node: Node, sender: Sender, commit: boolean): Promise<void> {
    if (!this.believes(node)) throw new Refused('NOT_LEADER_FOR_PARTITION');
    if (this.#inSync.size < IN_SYNC) throw new Refused('NOT_ENOUGH_REPLICAS');
    const log = this.replicas[node.id]!;
    this.#append(node, { kind: 'marker', offset: log.end, ...sender, commit });
    await this.#acknowledged(node, log.entries.length - 1);
  }

  candidates(): Node[] {
    return this.machines.nodes.filter(({ id, state }) => state === 'up' && this.#inSync.has(id));
  }

  /** The controller has noticed that a broker is silent. The last one in sync stays: only it has all. */
  shrink(id: number): void {
    if (this.#inSync.size > 1) this.#inSync.delete(id);
  }

  changed(node: Node): void {
    this.#fetched[node.id] = 0;
    if (!this.believes(node)) this.#settle(node, () => new Refused('NOT_LEADER_FOR_PARTITION'));
    this.back(node);
  }

  gone(node: Node): void {
    this.#settle(node, () => new Fault(`broker ${node.id} has gone`));
  }

  back(node: Node): void {
    if (!this.believes(node)) this.#fetchSoon(node);
    else for (const other of this.machines.nodes) if (other !== node) this.#fetchSoon(other);
  }

  /** Acknowledges what all replicas in sync have by now. */
  advance(node: Node): void {
    const belief = this.known[node.id]!;
    if (belief.leader !== node.id || node.state !== 'up') return;
    const { entries } = this.replicas[node.id]!;
    let all = entries.length;
    for (const id of this.#inSync) {
      if (id === node.id) continue;
      if (this.known[id] !== belief) return;
      all = Math.min(all, this.#fetched[id]!);
    }
    if (all > this.#replicated) {
      this.#replicated = all;
      this.consumer.advance(entries, all);
    }
    const few = this.#inSync.size < IN_SYNC;
    this.#settle(node, () => (few ? new Refused('NOT_ENOUGH_REPLICAS_AFTER_APPEND') : null), all);
  }

  #append(node: Node, entry: Entry): void {
    this.replicas[node.id]!.append(entry);
    for (const other of this.machines.nodes) if (this.known[other.id] === this.known[node.id]) this.#fetchSoon(other);
  }

  #acknowledged(node: Node, index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.machines.world.time.after(PRODUCE_TIMEOUT, () => {
        this.#waiters = this.#waiters.filter((one) => one !== waiter);
        reject(new Refused('REQUEST_TIMED_OUT'));
      });
      const waiter = { node, index, timer, resolve, reject };
      this.#waiters.push(waiter);
      this.advance(node);
    });
  }

  #settle(node: Node, verdict: () => Error | null, before = Number.POSITIVE_INFINITY): void {
    const settled = this.#waiters.filter((one) => one.node === node && one.index < before);
    if (settled.length === 0) return;
    this.#waiters = this.#waiters.filter((one) => !settled.includes(one));
    for (const { timer, resolve, reject } of settled) {
      timer.fire = null;
      const error = verdict();
      if (error === null) resolve();
      else reject(error);
    }
  }

  #fetchSoon(node: Node): void {
    if (node.state !== 'up' || this.#fetching.has(node.id) || this.known[node.id]!.leader === node.id) return;
    this.#fetching.add(node.id);
    this.machines.world.time.after(this.machines.hop(), () => {
      this.#fetching.delete(node.id);
      this.#fetch(node);
    });
  }

  #fetch(node: Node): void {
    const belief = this.known[node.id]!;
    const leader = belief.leader === null ? undefined : this.machines.nodes[belief.leader];
    if (leader === undefined || leader === node || leader.state !== 'up' || node.state !== 'up') return;
    // One that has not learned yet that it leads lets all fetch once it has.
    if (this.known[leader.id] !== belief) return;
    this.replicas[node.id]!.follow(this.replicas[leader.id]!);
    this.#fetched[node.id] = this.replicas[node.id]!.entries.length;
    if (belief === this.truth) this.#inSync.add(node.id);
    this.advance(leader);
  }
}
