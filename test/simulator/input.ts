/** One member of the group: what a processor reads the topic with. */
import type { InputListener, InputLog } from '../../src/ports/log.ts';
import { type Dice, dice, streamOf } from './dice.ts';
import type { InputSurroundings, Process } from './surroundings.ts';
import type { Reader, SimTopic } from './topic.ts';

interface Reading {
  position: number | null;
  paused: boolean;
  /** Raised by each seek: what was under way before is dropped. */
  generation: number;
  fetching: boolean;
}

export class SimInput implements InputLog, Reader {
  private readonly world: InputSurroundings;
  private readonly topic: SimTopic;
  private readonly host: Process;
  private readonly draw: Dice;
  private readonly doubt: Dice;
  private readings = new Map<number, Reading>();
  private listener: InputListener | null = null;
  private tellAt = 0;
  /** What the chain would be without a check: see the weakness 'no chain'. */
  private readonly chain = new Map<number, number>();
  private reads = 0;

  constructor(world: InputSurroundings, topic: SimTopic, host: Process) {
    this.world = world;
    this.topic = topic;
    this.host = host;
    this.draw = dice(streamOf(world.seed, `${host.name} reader`));
    this.doubt = dice(streamOf(world.seed, `${host.name} in question`));
    topic.connect(this);
  }

  // ------------------------------------------------------------------------------------------------ what it is asked

  get inGroup(): boolean {
    return this.listener !== null;
  }

  get trouble(): null {
    return null;
  }

  unread(): null {
    return null;
  }

  async start(listener: InputListener): Promise<void> {
    this.listener = listener;
    this.topic.join(this);
  }

  seek(partition: number, offset: number): void {
    const reading = this.readings.get(partition);
    if (reading === undefined) return;
    reading.position = offset;
    reading.generation += 1;
    this.chain.set(partition, offset);
    this.pump(partition);
  }

  pause(partition: number): void {
    const reading = this.readings.get(partition);
    if (reading !== undefined) reading.paused = true;
  }

  resume(partition: number): void {
    const reading = this.readings.get(partition);
    if (reading === undefined) return;
    reading.paused = false;
    this.pump(partition);
  }

  bounds(partition: number): Promise<{ earliest: number; end: number }> {
    return this.host.call('broker', 'bounds', () => {
      const { earliest, end } = this.topic.partitions[partition]!;
      return { earliest, end };
    });
  }

  allBounds(): Promise<ReadonlyMap<number, { earliest: number; end: number }>> {
    const drained = this.world.weakness === 'not drained';
    return this.host.call('broker', 'all bounds', () => {
      const bounds = this.topic.partitions.map(({ earliest, end }) => ({ earliest, end: drained ? 0 : end }));
      return new Map(bounds.entries());
    });
  }

  offsetAt(partition: number, timestamp: number): Promise<number> {
    return this.host.call('broker', 'offset at', () => {
      const { records, end } = this.topic.partitions[partition]!;
      return records.find((record) => record.timestamp >= timestamp)?.offset ?? end;
    });
  }

  async holds(partition: number): Promise<boolean> {
    try {
      return await this.host.call('broker', 'holds', () => this.topic.gives(partition, this));
    } catch {
      return false;
    }
  }

  async commit(): Promise<void> {}

  async stop(): Promise<void> {
    this.topic.leave(this);
    this.forget();
  }

  // ------------------------------------------------------------------------------------------- what the group tells

  told(late: number, what: () => void): void {
    const { time } = this.world;
    if (late === 0 && this.tellAt <= time.now) {
      this.host.enter(what);
      return;
    }
    this.tellAt = Math.max(this.tellAt, time.now + late);
    time.after(this.tellAt - time.now, () => this.host.enter(what));
  }

  assign(partitions: readonly number[]): void {
    if (this.listener === null) return;
    this.world.note(`${this.host.name}: is given [${partitions}]`);
    this.readings = new Map(
      partitions.map((p) => [p, { position: null, paused: true, generation: 0, fetching: false }]),
    );
    this.listener.assigned(partitions);
  }

  /** The group went on without it: it hears of that, and joins again. */
  lost(): void {
    if (this.listener === null || this.topic.has(this)) return;
    const { listener } = this;
    this.world.note(`${this.host.name}: learns that the group went on without it`);
    this.readings.clear();
    listener.revoked();
    this.topic.join(this);
  }

  private forget(): void {
    const { listener } = this;
    this.listener = null;
    this.readings.clear();
    listener?.revoked();
  }

  // ---------------------------------------------------------------------------------------------------------- reading

  appended(partition: number): void {
    if (this.host.isAlive) this.pump(partition);
  }

  private pump(partition: number): void {
    const reading = this.readings.get(partition);
    if (reading === undefined || reading.fetching || reading.paused || reading.position === null) return;
    const { position, generation } = reading;
    const { earliest, end } = this.topic.partitions[partition]!;
    if (position >= earliest && position >= end && position <= end) return;
    reading.fetching = true;
    this.fetch(partition, reading, position, generation, this.draw() * this.world.delay);
  }

  private fetch(partition: number, reading: Reading, from: number, generation: number, ms: number): void {
    const { world } = this;
    world.time.after(ms, () =>
      this.host.enter(() => {
        if (world.awayUntil('broker') > world.time.now) this.fetch(partition, reading, from, generation, 300);
        else void this.answer(partition, reading, from, generation);
      }),
    );
  }

  private async answer(partition: number, reading: Reading, from: number, generation: number): Promise<void> {
    const { draw } = this;
    const [chance, how, until] = [draw(), draw(), draw()];
    const fault = this.world.readFault(chance, `${this.host.name} read ${++this.reads}`);
    const outdated = reading.generation !== generation || this.readings.get(partition) !== reading;
    if (!outdated && !reading.paused && this.isInQuestion()) {
      // It stands still until the reader has sought anew.
      reading.position = null;
      reading.fetching = false;
      this.listener?.questioned(partition);
      return;
    }
    // Paused, sought elsewhere or lost meanwhile: a reader drops what it has, or does not.
    if (!(outdated || reading.paused) || fault === 'old batch') {
      const at = fault === 'position reset' ? this.elsewhere(partition, how) : from;
      const next = await this.give(partition, this.reset(partition, at), until);
      // Asked for once more: what retention has deleted is not there, which is no stretch without records.
      if (fault === 'batch again') await this.give(partition, this.reset(partition, at), until);
      if (reading.generation === generation) reading.position = next;
    }
    reading.fetching = false;
    this.pump(partition);
  }

  /** As where another leader has appended what was read: what was folded last is to be read back. */
  private isInQuestion(): boolean {
    return this.world.questions(this.doubt());
  }

  /** Where the broker sets a reader that asks for what is not there: at the end that it was configured to. */
  private reset(partition: number, from: number): number {
    const { earliest, end } = this.topic.partitions[partition]!;
    return from < earliest ? earliest : Math.min(from, end);
  }

  private elsewhere(partition: number, how: number): number {
    const { earliest, end } = this.topic.partitions[partition]!;
    return how < 0.3 ? earliest : how < 0.6 ? end : earliest + Math.floor(how * (end - earliest));
  }

  /** @returns where the next batch begins. */
  private async give(partition: number, from: number, until: number): Promise<number> {
    const { listener } = this;
    const { records: all, end } = this.topic.partitions[partition]!;
    const first = all.findIndex((record) => record.offset >= from);
    const following = first < 0 ? end : all[first]!.offset;
    const chained = (next: number) => {
      if (this.world.weakness !== 'no chain') return from;
      const expected = this.chain.get(partition) ?? from;
      this.chain.set(partition, next);
      return expected;
    };
    // A stretch without a record may be reported by itself, or with what follows.
    if (first < 0 || (following > from && until < 0.3)) {
      if (following > from) listener?.moved(partition, chained(following), following);
      else await listener?.batch({ partition, from: chained(from), next: from, records: [], highWatermark: end });
      return following;
    }
    const records = all.slice(first, first + Math.max(1, Math.ceil(until * this.world.batch)));
    const behind = all[first + records.length]?.offset ?? end;
    const next = until < 0.6 ? records.at(-1)!.offset + 1 : behind;
    await listener?.batch({ partition, from: chained(next), next, records, highWatermark: end });
    return next;
  }
}
