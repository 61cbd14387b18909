/** Where a group or a transactional id is coordinated. Its state is as safe as a log is: only the place moves. */
import { Led } from './led.ts';
import type { Node } from './node.ts';
import { Refused } from './refused.ts';

export class Seat extends Led {
  /** When the coordinator has read the state, ms. */
  #ready = 0;

  /** @throws Refused where another coordinates, or nobody does yet. */
  mustLead(node: Node): void {
    // One that is none any more, and does not know it, cannot write to the log that the state is in.
    if (!this.believes(node) || this.known[node.id] !== this.truth) throw new Refused('NOT_COORDINATOR_FOR_GROUP');
    if (this.cluster.world.time.now < this.#ready) throw new Refused('GROUP_LOAD_IN_PROGRESS');
  }

  override get active(): Node | null {
    return this.cluster.world.time.now < this.#ready ? null : super.active;
  }

  candidates(): Node[] {
    return this.cluster.nodes.filter(({ state }) => state === 'up');
  }

  changed(node: Node): void {
    if (this.believes(node)) this.#ready = this.cluster.world.time.now + this.cluster.loading();
  }

  gone(): void {}
  back(): void {}
}
