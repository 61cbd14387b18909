/** The brokers as machines, and how long things take among them. */
import { type Dice, dice, streamOf, whole } from '../dice.ts';
import type { ClusterSurroundings } from '../surroundings.ts';
import { Node } from './node.ts';

const BROKERS = 3;
/** Longest of each, ms: a fetch from a leader; until a broker learns who leads, or, having stood still, that it does not. */
const HOP = 10;
const LEARNS = 200;
const BELIEVES = 400;
/** Until a new coordinator has read its state. */
const LOADS = 400;

export class Machines {
  readonly world: ClusterSurroundings;
  readonly draw: Dice;
  readonly nodes: readonly Node[];

  constructor(world: ClusterSurroundings) {
    this.world = world;
    this.draw = dice(streamOf(world.seed, 'cluster'));
    this.nodes = Array.from({ length: BROKERS }, (_, id) => new Node(this, id));
  }

  get time() {
    return this.world.time;
  }

  someNode(): number {
    return whole(this.draw, 0, this.nodes.length);
  }

  hop(): number {
    return this.draw() * Math.min(HOP, this.world.delay);
  }

  lag(): number {
    return this.#atMost(LEARNS);
  }

  belief(): number {
    return this.#atMost(BELIEVES);
  }

  loading(): number {
    return this.#atMost(LOADS);
  }

  note(what: string): void {
    this.world.note(`cluster: ${what}`);
  }

  #atMost(ms: number): number {
    return this.draw() * (this.world.active ? ms : 5);
  }
}
