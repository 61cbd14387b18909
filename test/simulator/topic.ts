/**
 * The input topic and the group that reads it. A member believes in its partitions until it hears otherwise, and that
 * takes a while: so two may hold one partition, as with Kafka.
 */
import type { RawRecord } from '../../src/ports/record.ts';
import { type Dice, dice, shuffled, streamOf } from './dice.ts';
import type { TopicSurroundings } from './surroundings.ts';

/** A member of the group, or one that was or will be. */
export interface Reader {
  /** After a while, and not before what was sent earlier; at once if there is neither. */
  told(late: number, what: () => void): void;
  assign(partitions: readonly number[]): void;
  /** Fetches where there is something to fetch. */
  appended(partition: number): void;
}

interface Partition {
  readonly records: RawRecord[];
  earliest: number;
  end: number;
}

export class SimTopic {
  private readonly world: TopicSurroundings;
  readonly partitions: readonly Partition[];
  private readonly readers: Reader[] = [];
  private members: Reader[] = [];
  private owners = new Map<number, Reader>();
  private readonly draw: Dice;

  constructor(world: TopicSurroundings, partitions: number) {
    this.world = world;
    this.draw = dice(streamOf(world.seed, 'group'));
    this.partitions = Array.from({ length: partitions }, () => ({ records: [], earliest: 0, end: 0 }));
  }

  /** A reader hears of what is appended, whether it has joined the group or not. */
  connect(reader: Reader): void {
    this.readers.push(reader);
  }

  append(partition: number, record: RawRecord, end: number): void {
    const log = this.partitions[partition]!;
    log.records.push(record);
    log.end = end;
    for (const reader of this.readers) reader.appended(partition);
  }

  /** The topic is made anew: nothing is left of what was in this partition. */
  makeAnew(partition: number): void {
    const log = this.partitions[partition]!;
    log.records.length = 0;
    log.earliest = 0;
    log.end = 0;
  }

  /** Has something else stand where records stand. */
  replace(partition: number, value: Buffer): void {
    const { records } = this.partitions[partition]!;
    for (const [i, record] of records.entries()) records[i] = { ...record, value };
  }

  /** Everything before this offset is deleted. */
  retain(partition: number, earliest: number): void {
    const log = this.partitions[partition]!;
    log.earliest = Math.max(log.earliest, earliest);
    while (log.records.length > 0 && log.records[0]!.offset < log.earliest) log.records.shift();
  }

  join(member: Reader): void {
    if (!this.members.includes(member)) this.members.push(member);
    this.rebalance();
  }

  leave(member: Reader): void {
    if (!this.members.includes(member)) return;
    this.members = this.members.filter((other) => other !== member);
    this.rebalance();
  }

  has(member: Reader): boolean {
    return this.members.includes(member);
  }

  gives(partition: number, member: Reader): boolean {
    return this.owners.get(partition) === member;
  }

  rebalance(): void {
    this.owners = new Map();
    if (this.members.length === 0) return;
    const members = shuffled(this.draw, this.members);
    for (let p = 0; p < this.partitions.length; p++) this.owners.set(p, members[p % members.length]!);
    for (const member of this.members) {
      const partitions = [...this.owners].flatMap(([p, owner]) => (owner === member ? [p] : []));
      const late = this.world.active ? this.draw() ** 3 * this.world.learns : 5;
      member.told(late, () => member.assign(partitions));
    }
  }
}
