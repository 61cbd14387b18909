import type { InputListener, InputLog } from '../ports/log.ts';
import type { RawRecord } from '../ports/record.ts';

/** Records handed over at once. */
const BATCH = 500;

export interface Appended {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** ms since the epoch. */
  readonly timestamp: number;
  /** As of a record: see `RawRecord`. */
  readonly stamped?: boolean;
  readonly headers?: readonly (readonly [string, Buffer])[];
}

/** A topic in memory, and the one group that reads it. */
export class MemoryTopic {
  private readonly partitions: RawRecord[][];
  private readonly members: MemoryInput[] = [];

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => []);
  }

  get size(): number {
    return this.partitions.length;
  }

  /** @returns the record's offset. */
  append(partition: number, record: Appended): number {
    const records = this.records(partition);
    const offset = records.length;
    records.push({ headers: [], ...record, offset });
    for (const member of this.members) member.appended(partition);
    return offset;
  }

  records(partition: number): RawRecord[] {
    const records = this.partitions[partition];
    if (records === undefined) throw new Error(`the topic has no partition ${partition}`);
    return records;
  }

  /** A reader that has not joined the group yet. */
  reader(): MemoryInput {
    return new MemoryInput(this);
  }

  join(member: MemoryInput): void {
    this.members.push(member);
    this.rebalance();
  }

  leave(member: MemoryInput): void {
    const at = this.members.indexOf(member);
    if (at < 0) return;
    this.members.splice(at, 1);
    this.rebalance();
  }

  /** Deals the partitions out anew. */
  rebalance(): void {
    this.members.forEach((member, i) => {
      const partitions = this.partitions.map((_, p) => p).filter((p) => p % this.members.length === i);
      member.assign(partitions);
    });
  }
}

interface Reading {
  position: number | null;
  paused: boolean;
  /** Bumped by each seek and assignment: what was under way before is dropped. */
  generation: number;
  busy: boolean;
}

/** One member of a memory topic's group. */
export class MemoryInput implements InputLog {
  private readonly topic: MemoryTopic;
  private readonly readings = new Map<number, Reading>();
  private listener: InputListener | null = null;

  constructor(topic: MemoryTopic) {
    this.topic = topic;
  }

  async start(listener: InputListener): Promise<void> {
    this.listener = listener;
    this.topic.join(this);
  }

  assign(partitions: readonly number[]): void {
    this.readings.clear();
    for (const p of partitions) this.readings.set(p, { position: null, paused: true, generation: 0, busy: false });
    this.listener?.assigned(partitions);
  }

  seek(partition: number, offset: number): void {
    const reading = this.readings.get(partition);
    if (reading === undefined) return;
    reading.position = offset;
    reading.generation += 1;
    this.appended(partition);
  }

  pause(partition: number): void {
    const reading = this.readings.get(partition);
    if (reading !== undefined) reading.paused = true;
  }

  resume(partition: number): void {
    const reading = this.readings.get(partition);
    if (reading === undefined) return;
    reading.paused = false;
    this.appended(partition);
  }

  async bounds(partition: number): Promise<{ earliest: number; end: number }> {
    return { earliest: 0, end: this.topic.records(partition).length };
  }

  async allBounds(): Promise<ReadonlyMap<number, { earliest: number; end: number }>> {
    const bounds = new Map<number, { earliest: number; end: number }>();
    for (let p = 0; p < this.topic.size; p++) bounds.set(p, await this.bounds(p));
    return bounds;
  }

  async offsetAt(partition: number, timestamp: number): Promise<number> {
    const records = this.topic.records(partition);
    const found = records.findIndex((record) => record.timestamp >= timestamp);
    return found < 0 ? records.length : found;
  }

  async holds(partition: number): Promise<boolean> {
    return this.readings.has(partition);
  }

  async commit(): Promise<void> {}

  get inGroup(): boolean {
    return this.listener !== null;
  }

  get trouble(): null {
    return null;
  }

  unread(): null {
    return null;
  }

  async stop(): Promise<void> {
    this.readings.clear();
    this.listener = null;
    this.topic.leave(this);
  }

  /** Reads on where there is something to read. */
  appended(partition: number): void {
    const reading = this.readings.get(partition);
    if (reading === undefined || reading.busy) return;
    reading.busy = true;
    void this.read(partition, reading).finally(() => {
      reading.busy = false;
    });
  }

  private async read(partition: number, reading: Reading): Promise<void> {
    for (;;) {
      // Lets the caller go on first, as a reader of its own process would.
      await Promise.resolve();
      const records = this.topic.records(partition);
      const { position, paused, generation } = reading;
      if (position === null || paused || position >= records.length) return;
      if (this.listener === null || this.readings.get(partition) !== reading) return;
      const batch = records.slice(position, position + BATCH);
      const next = position + batch.length;
      await this.listener.batch({ partition, from: position, next, records: batch, highWatermark: records.length });
      if (reading.generation === generation) reading.position = next;
    }
  }
}
