/**
 * The output topics as a broker with transactional producers. What is produced shows once its transaction has ended;
 * that comes a moment after the commit was accepted, and until then the position reads as it was before. A new producer
 * waits for that, ends what its predecessor left open, and makes all its requests fail from then on.
 */
import type { OutMessage, OutMessages, Output, OutputSession, PublishedMessage } from '../../src/processor/ports.ts';
import { type Dice, dice, streamOf } from './dice.ts';
import type { Host } from './host.ts';
import type { World } from './world.ts';

/** How long it takes at least, at most, until what was committed shows, ms. */
const SHOWS = 30;

interface Transaction {
  readonly epoch: number;
  readonly messages: readonly OutMessage[];
  readonly next: number;
}

interface Partition {
  epoch: number;
  /** Produced, and not ended. */
  open: Transaction | null;
  /** Its commit was accepted; it does not show yet. */
  ending: Promise<void> | null;
  readonly committed: OutMessage[];
  position: number | null;
}

export class OutputServer {
  readonly world: World;
  private readonly draw: Dice;
  private readonly partitions: Partition[];

  constructor(world: World, partitions: number) {
    this.world = world;
    this.draw = dice(streamOf(world.plan.seed, 'output'));
    this.partitions = Array.from({ length: partitions }, () => ({
      epoch: 0,
      open: null,
      ending: null,
      committed: [],
      position: null,
    }));
  }

  /** What a read-committed consumer sees of an input partition's messages. */
  messages(partition: number): readonly OutMessage[] {
    return this.partitions[partition]!.committed;
  }

  expire(partition: number): void {
    this.partitions[partition]!.position = null;
  }

  /** @returns the new producer's epoch. */
  async fence(partition: number): Promise<number> {
    const at = this.partitions[partition]!;
    at.epoch += 1;
    const { epoch } = at;
    at.open = null;
    while (at.ending !== null) await at.ending;
    return epoch;
  }

  position(partition: number): number | null {
    return this.world.weakness === 'no outbox position' ? null : this.partitions[partition]!.position;
  }

  readBack(partition: number, from: number): PublishedMessage[] {
    if (this.world.weakness === 'no outbox position') return [];
    const messages = this.messages(partition).filter((message) => message.sequence >= from);
    return messages.map(({ topic, sequence, value }) => ({
      topic,
      sequence,
      value: topic === 'output' ? value : null,
    }));
  }

  async produce(partition: number, epoch: number, messages: readonly OutMessage[], next: number): Promise<void> {
    const at = this.partitions[partition]!;
    while (at.ending !== null) await at.ending;
    this.mustBeLast(partition, epoch);
    at.open = { epoch, messages, next };
  }

  commit(partition: number, epoch: number): void {
    this.mustBeLast(partition, epoch);
    const at = this.partitions[partition]!;
    const { open } = at;
    if (open === null || open.epoch !== epoch) throw new Error('there is no transaction to end');
    at.open = null;
    at.ending = this.show(partition, open).finally(() => {
      at.ending = null;
    });
  }

  private async show(partition: number, { messages, next }: Transaction): Promise<void> {
    await this.world.pass(this.draw() * Math.max(this.world.delay, SHOWS));
    const at = this.partitions[partition]!;
    at.committed.push(...messages);
    at.position = next;
    this.world.note(`output: p${partition} shows ${messages.length} messages, position ${next}`);
    this.world.shown(partition, messages);
  }

  private mustBeLast(partition: number, epoch: number): void {
    if (this.partitions[partition]!.epoch !== epoch)
      throw new Error('the producer is fenced: a newer one has taken over');
  }
}

/** The output as one processor reaches it. */
export class SimOutput implements Output {
  private readonly server: OutputServer;
  private readonly host: Host;

  constructor(server: OutputServer, host: Host) {
    this.server = server;
    this.host = host;
  }

  async open(partition: number): Promise<OutputSession> {
    const { server, host } = this;
    const fence = () => host.call('broker', `p${partition} producer`, () => server.fence(partition));
    let epoch: number | null = server.world.weakness === 'position before fencing' ? null : await fence();
    let broken = false;
    const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
      if (broken) throw new Error('the producer is of no more use');
      try {
        return await work();
      } catch (error) {
        broken = true;
        throw error;
      }
    };
    const ask = <T>(op: string, work: () => T | Promise<T>): Promise<T> =>
      host.call('broker', `p${partition} ${op}`, work);
    const send = (messages: readonly OutMessages[], next: number) =>
      guarded(async () => {
        epoch ??= await fence();
        const mine = epoch;
        await ask('produce', () =>
          server.produce(
            partition,
            mine,
            messages.flatMap((some) => [...some]),
            next,
          ),
        );
        if (broken) throw new Error('the producer was closed');
        await ask('end transaction', () => server.commit(partition, mine));
      });
    return {
      position: () => guarded(() => ask('position', () => server.position(partition))),
      send,
      keep: (next) => send([], next),
      readBack: (from) => guarded(() => ask('read back', () => server.readBack(partition, from))),
      close: async () => {
        broken = true;
      },
    };
  }

  async close(): Promise<void> {}
}
