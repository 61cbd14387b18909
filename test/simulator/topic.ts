/**
 * The input topic and the group that reads it. A member believes in its partitions until it hears otherwise, and that
 * takes a while: so two may hold one partition, as with Kafka.
 */
import type { RawRecord } from '../../src/ports/record.ts';
import { type Dice, dice, shuffled, streamOf } from './dice.ts';
import type { Host } from './host.ts';
import { SimInput } from './input.ts';
import type { World } from './world.ts';

/** Longest that it takes until a member learns of a new assignment, ms. */
const LEARNS = 2_000;

interface Partition {
  readonly records: RawRecord[];
  earliest: number;
  end: number;
}

export class SimTopic {
  readonly world: World;
  readonly partitions: readonly Partition[];
  private members: SimInput[] = [];
  private owners = new Map<number, SimInput>();
  private readonly draw: Dice;

  constructor(world: World, partitions: number) {
    this.world = world;
    this.draw = dice(streamOf(world.plan.seed, 'group'));
    this.partitions = Array.from({ length: partitions }, () => ({ records: [], earliest: 0, end: 0 }));
  }

  reader(host: Host): SimInput {
    return new SimInput(this, host);
  }

  append(partition: number, record: RawRecord, end: number): void {
    const log = this.partitions[partition]!;
    log.records.push(record);
    log.end = end;
    for (const host of this.world.hosts) if (host.isAlive) host.input.pump(partition);
  }

  /** Everything before this offset is deleted. */
  retain(partition: number, earliest: number): void {
    const log = this.partitions[partition]!;
    log.earliest = Math.max(log.earliest, earliest);
    while (log.records.length > 0 && log.records[0]!.offset < log.earliest) log.records.shift();
  }

  join(member: SimInput): void {
    if (!this.members.includes(member)) this.members.push(member);
    this.rebalance();
  }

  leave(member: SimInput): void {
    if (!this.members.includes(member)) return;
    this.members = this.members.filter((other) => other !== member);
    this.rebalance();
  }

  has(member: SimInput): boolean {
    return this.members.includes(member);
  }

  gives(partition: number, member: SimInput): boolean {
    return this.owners.get(partition) === member;
  }

  rebalance(): void {
    this.owners = new Map();
    if (this.members.length === 0) return;
    const members = shuffled(this.draw, this.members);
    for (let p = 0; p < this.partitions.length; p++) this.owners.set(p, members[p % members.length]!);
    for (const member of this.members) {
      const partitions = [...this.owners].flatMap(([p, owner]) => (owner === member ? [p] : []));
      const late = this.world.active ? this.draw() ** 3 * LEARNS : 5;
      member.told(late, () => member.assign(partitions));
    }
  }
}
