/** Where a group or a transactional id is coordinated. Its state is as safe as a log is: only the place moves. */
import { Led } from './led.ts';
import type { Machines } from './machines.ts';
import type { Node } from './node.ts';
import { Refused } from './refused.ts';

export class Seat extends Led {
  readonly #left: (broker: number) => void;
  /** When the coordinator has read the state, ms. */
  #ready = 0;

  /** @param left called with each broker that is decided to coordinate no more. */
  constructor(machines: Machines, name: string, leader: number, left: (broker: number) => void = () => {}) {
    super(machines, name, leader);
    this.#left = left;
  }

  override lead(leader: number | null): void {
    const before = this.truth.leader;
    if (before !== null && leader !== before) this.#left(before);
    super.lead(leader);
  }

  /** @throws Refused where another coordinates, or none does yet. */
  mustLead(node: Node): void {
    // One that is none any more, and does not know it, cannot write to the log that the state is in.
    if (!this.believes(node) || this.known[node.id] !== this.truth) throw new Refused('NOT_COORDINATOR_FOR_GROUP');
    if (this.machines.time.now < this.#ready) throw new Refused('GROUP_LOAD_IN_PROGRESS');
  }

  /**
   * One that is none any more, and does not know it, answers all the same: with what it knew when it was.
   * @throws Refused as above, for all others.
   */
  mayAnswer(node: Node): 'as of now' | 'as of old' {
    if (this.believes(node) && this.known[node.id] !== this.truth) return 'as of old';
    this.mustLead(node);
    return 'as of now';
  }

  override get active(): Node | null {
    return this.machines.time.now < this.#ready ? null : super.active;
  }

  candidates(): Node[] {
    return this.machines.nodes.filter(({ state }) => state === 'up');
  }

  changed(node: Node): void {
    if (this.believes(node)) this.#ready = this.machines.time.now + this.machines.loading();
  }

  gone(): void {}
  back(): void {}
}
