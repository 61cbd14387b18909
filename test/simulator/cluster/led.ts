/** What one broker leads: a partition, or the coordination of a group or of a transactional id. */
import type { Machines } from './machines.ts';
import type { Node } from './node.ts';

export interface Leadership {
  /** null: no broker can. */
  readonly leader: number | null;
  readonly epoch: number;
}

/**
 * The controller decides who leads; each broker learns of it when it does. So one may lead for a while that is no leader any
 * more, another may not know yet that it is, and a third may send clients to the wrong one.
 */
export abstract class Led {
  readonly machines: Machines;
  readonly name: string;
  truth: Leadership;
  /** What each broker takes for the truth. */
  readonly known: Leadership[];

  constructor(machines: Machines, name: string, leader: number) {
    this.machines = machines;
    this.name = name;
    this.truth = { leader, epoch: 0 };
    this.known = machines.nodes.map(() => this.truth);
  }

  believes({ id }: Node): boolean {
    return this.known[id]!.leader === id;
  }

  /** The leader, where it works, and knows that it leads. */
  get active(): Node | null {
    const { truth, machines } = this;
    const node = truth.leader === null ? null : machines.nodes[truth.leader]!;
    return node?.state === 'up' && this.known[node.id] === truth ? node : null;
  }

  lead(leader: number | null): void {
    const { machines } = this;
    if (leader === this.truth.leader) return;
    const decided = { leader, epoch: this.truth.epoch + 1 };
    this.truth = decided;
    machines.note(`${this.name}: ${leader === null ? 'no leader' : `broker ${leader} leads`}`);
    for (const node of machines.nodes) node.learn(machines.lag(), () => this.learns(node, decided));
  }

  learns(node: Node, decided: Leadership): void {
    if (this.known[node.id]!.epoch >= decided.epoch) return;
    this.known[node.id] = decided;
    this.changed(node);
  }

  /** Brokers that may be made leader. */
  abstract candidates(): Node[];
  /** A broker has learned who leads. */
  abstract changed(node: Node): void;
  /** A broker has gone: requests that wait for it are not answered. */
  abstract gone(node: Node): void;
  /** A broker goes on. */
  abstract back(node: Node): void;
}
