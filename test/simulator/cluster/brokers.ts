/** The brokers as one producer reaches them: what it knows of leaders and coordinators is as old as its last question. */
import type { BrokerRequests, Brokers, CoordinatorOf } from '../../../src/kafka/produce/brokers.ts';
import { type Dice, whole } from '../dice.ts';
import { Fault } from '../fault.ts';
import type { Process } from '../surroundings.ts';
import type { Cluster } from './cluster.ts';
import type { Led } from './led.ts';
import type { Node } from './node.ts';
import { Refused, type Sender } from './refused.ts';

/** Longest that one waits for an answer, and for a connection to a broker that is down, ms. */
const REQUEST_TIMEOUT = 2_000;

/** To one broker, by its id. */
export type SimRequests = BrokerRequests & { readonly id: number };

export class SimBrokers implements Brokers {
  readonly cluster: Cluster;
  readonly host: Process;
  /** Of names of requests. */
  readonly #name: string;
  readonly #draw: Dice;
  #leaders: Map<Led, number | null> | null = null;
  readonly #coordinators = new Map<Led, number>();

  constructor(cluster: Cluster, host: Process, name: string) {
    this.cluster = cluster;
    this.host = host;
    this.#name = name;
    this.#draw = host.dice(`${name} brokers`);
  }

  async leader(topic: string, partition: number): Promise<SimRequests> {
    const { cluster } = this;
    this.#leaders ??= await this.#ask(
      this.#someNode(),
      'metadata',
      (node) => new Map(cluster.partitions.map((one) => [one, one.known[node.id]!.leader])),
    );
    const id = this.#leaders.get(cluster.partition(topic, partition)) ?? null;
    if (id === null) throw new Fault(`partition ${partition} of topic ${topic} has no leader`);
    return this.#reach(id);
  }

  async coordinator(of: CoordinatorOf, name: string): Promise<SimRequests> {
    const { cluster } = this;
    const seat = of === 'group' ? cluster.group.seat : cluster.transactions.seatOf(name);
    let id = this.#coordinators.get(seat);
    if (id === undefined) {
      const found = await this.#ask(this.#someNode(), `${of} coordinator`, (node) => seat.known[node.id]!.leader);
      if (found === null) throw new Refused('GROUP_COORDINATOR_NOT_AVAILABLE');
      id = found;
      this.#coordinators.set(seat, id);
    }
    return this.#reach(id);
  }

  async any(): Promise<SimRequests> {
    return this.#reach(this.#someNode().id);
  }

  forget(): void {
    this.#leaders = null;
    this.#coordinators.clear();
  }

  #someNode(): Node {
    const { nodes } = this.cluster;
    return nodes[whole(this.#draw, 0, nodes.length)]!;
  }

  async #reach(id: number): Promise<SimRequests> {
    const node = this.cluster.nodes[id]!;
    if (node.state !== 'down') return this.#requests(node);
    await this.cluster.world.pass(this.#draw() * this.cluster.world.delay);
    throw new Fault(`no connection to broker ${id}`);
  }

  #requests(node: Node): SimRequests {
    const { transactions, group } = this.cluster;
    const ask = <T>(op: string, work: () => T | Promise<T>) => this.#ask(node, op, work);
    const sender = ({ producerId, producerEpoch }: { producerId: unknown; producerEpoch: number }): Sender => ({
      producerId: Number(producerId),
      producerEpoch,
    });
    return {
      id: node.id,
      initProducerId: ({ transactionalId, transactionTimeout }) =>
        ask('producer', () => transactions.initProducerId(node, transactionalId!, transactionTimeout)),
      addPartitionsToTxn: ({ transactionalId, topics, ...who }) => {
        const parts = topics.flatMap(({ topic, partitions }) =>
          partitions.map((p) => this.cluster.partition(topic, p)),
        );
        return ask('add partitions', () => transactions.add(node, transactionalId, sender(who), parts));
      },
      addOffsetsToTxn: ({ transactionalId, ...who }) =>
        ask('add offsets', () => transactions.add(node, transactionalId, sender(who), [group])),
      txnOffsetCommit: ({ transactionalId, topics, ...who }) => {
        const [{ partition, offset }] = topics[0]!.partitions as [{ partition: number; offset: string }];
        return ask('keep', () => group.keep(node, transactionalId, sender(who), partition, Number(offset)));
      },
      keptOffset: ({ partition }) => ask('position', () => group.kept(node, partition)),
      endTxn: ({ transactionalId, transactionResult, ...who }) =>
        ask('end transaction', () => transactions.end(node, transactionalId, sender(who), transactionResult)),
      produce: ({ transactionalId, topic, partition, batch }) => {
        // As it goes out: its writer may write the next one before this one arrives.
        const bytes = Buffer.from(batch);
        const to = this.cluster.partition(topic, partition);
        return ask(`produce ${topic} ${partition}`, () => to.produce(node, transactionalId!, bytes));
      },
    };
  }

  #ask<T>(node: Node, op: string, work: (node: Node) => T | Promise<T>): Promise<T> {
    return this.host.call('broker', `${this.#name} ${op}`, (late) => {
      const served = node.serve(() => work(node));
      return late ? served : this.#inTime(served);
    });
  }

  /** It is done all the same if it takes longer. */
  #inTime<T>(served: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new Fault('no answer in time'));
      const timer = this.cluster.world.time.after(REQUEST_TIMEOUT, giveUp);
      served.then(resolve, reject).finally(() => {
        timer.fire = null;
      });
    });
  }
}
