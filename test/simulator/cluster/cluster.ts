/** Brokers, what each leads, and the controller that has others lead what a silent one led. */
import { OUTPUT_TOPICS } from '../../../src/ports/output.ts';
import { pick } from '../dice.ts';
import type { ClusterSurroundings } from '../surroundings.ts';
import { Group } from './group.ts';
import type { Led } from './led.ts';
import { Machines } from './machines.ts';
import type { Node } from './node.ts';
import { TopicPartition } from './partition.ts';
import type { Seat } from './seat.ts';
import { Transactions } from './transactions.ts';

/** Until the controller notices that a broker is silent, at least and at most. */
const SILENT = [100, 1_500] as const;

export class Cluster {
  readonly world: ClusterSurroundings;
  readonly nodes: readonly Node[];
  readonly transactions: Transactions;
  readonly group: Group;
  readonly partitions: readonly TopicPartition[];
  readonly #machines: Machines;

  constructor(world: ClusterSurroundings, transactionalIds: readonly string[], group: string) {
    this.world = world;
    const machines = new Machines(world);
    this.#machines = machines;
    this.nodes = machines.nodes;
    this.transactions = new Transactions(machines);
    for (const id of transactionalIds) this.transactions.declare(id);
    this.group = new Group(machines, this.transactions, group);
    this.partitions = OUTPUT_TOPICS.flatMap((topic) =>
      Array.from({ length: world.outputs[topic] }, (_, i) => new TopicPartition(machines, this.transactions, topic, i)),
    );
  }

  partition(topic: string, partition: number): TopicPartition {
    const found = this.partitions.find((one) => one.topic === topic && one.partition === partition);
    if (found === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
    return found;
  }

  // ----------------------------------------------------------------------------------------------------- what befalls

  moveLeader(whom: number): void {
    this.#move(this.partitions[Math.floor(whom * this.partitions.length)]!);
  }

  moveCoordinator(whom: number): void {
    this.#move(this.#seats[Math.floor(whom * this.#seats.length)]!);
  }

  kill(node: Node, ms: number): void {
    node.kill();
    for (const led of this.#led) led.gone(node);
    this.#silent(node);
    this.world.time.after(ms, () => this.#begin(node));
  }

  freeze(node: Node, ms: number): void {
    node.freeze();
    this.#silent(node);
    this.world.time.after(ms, () => this.#goOn(node));
  }

  /** Has the group's coordinator stand still until another is elected, and then for `ms`; null: none coordinates it now. */
  deposeCoordinator(ms: number): { readonly node: Node; readonly until: number } | null {
    const node = this.group.active;
    if (node === null) return null;
    const lasts = SILENT[1] + ms;
    this.freeze(node, lasts);
    return { node, until: this.world.time.now + lasts };
  }

  /** All brokers are there, whatever befell them. */
  heal(): void {
    for (const node of this.nodes) {
      this.#begin(node);
      this.#goOn(node);
    }
  }

  get #seats(): Seat[] {
    return [this.group.seat, ...this.transactions.seats];
  }

  get #led(): Led[] {
    return [...this.partitions, ...this.#seats];
  }

  #move(led: Led): void {
    const others = led.candidates().filter(({ id }) => id !== led.truth.leader);
    if (others.length > 0) led.lead(pick(this.#machines.draw, others).id);
  }

  #silent(node: Node): void {
    const [least, most] = SILENT;
    this.world.time.after(least + this.#machines.draw() * (most - least), () => {
      if (node.state === 'up') return;
      this.#machines.note(`broker ${node.id} is silent`);
      for (const partition of this.partitions) partition.shrink(node.id);
      for (const led of this.#led) if (led.truth.leader === node.id) this.#elect(led);
      for (const partition of this.partitions) if (partition.active !== null) partition.advance(partition.active);
    });
  }

  #elect(led: Led): void {
    const candidates = led.candidates();
    led.lead(candidates.length === 0 ? null : pick(this.#machines.draw, candidates).id);
  }

  #begin(node: Node): void {
    if (node.state !== 'down') return;
    node.state = 'up';
    for (const led of this.#led) led.learns(node, led.truth);
    this.#back(node);
  }

  #goOn(node: Node): void {
    if (node.state !== 'frozen') return;
    node.goOn();
    this.#back(node);
  }

  #back(node: Node): void {
    this.#machines.note(`broker ${node.id} is back`);
    for (const led of this.#led) {
      if (led.truth.leader === null) this.#elect(led);
      led.back(node);
    }
  }
}
