import { afterEach, describe, expect, jest, test } from '@jest/globals';
import pino from 'pino';
import { MemoryOutput } from '../../src/memory/output.ts';
import { CannotGoOn } from '../../src/ports/errors.ts';
import type { OutMessage, OutputSession } from '../../src/ports/output.ts';
import type { Lease, OutboxRow } from '../../src/ports/store.ts';
import { Publisher } from '../../src/processor/publisher.ts';
import { PUBLISHER_TRANSITIONS } from '../../src/processor/publisher-state.ts';
import { decodeOutbox, encodeOutbox } from '../../src/wire/outbox.ts';
import { ready } from '../wire/messages.ts';
import { VirtualClock } from './support/virtual-clock.ts';
import { edgesOf, edgesOn, watchStates } from './support/watched-states.ts';

const message = (sequence: number, value: string): OutMessage => ({
  topic: 'output',
  sequence,
  key: null,
  value: Buffer.from(value),
  headers: [],
});
const rowOf = (one: OutMessage): OutboxRow => ({
  first: one.sequence,
  next: one.sequence + 1,
  payload: encodeOutbox([one]),
});

/** A publisher over parts of which each call may be replaced. */
class Scene {
  readonly clock = new VirtualClock(0);
  readonly output = new MemoryOutput();
  readonly stored: OutMessage[] = [];
  before: Partial<Record<'open' | 'send' | 'outbox' | 'acknowledge', () => Promise<void>>> = {};
  /** Sequence behind what the store holds at the take-over, where all before is published as far as it knows. */
  sequence = 0;

  publisher(): Publisher<never> {
    const lease = {
      partition: 0,
      state: { sequence: this.sequence },
      published: this.sequence,
      outboxBytes: 0,
      acknowledge: async () => this.before.acknowledge?.(),
      outbox: async (from: number) => {
        await this.before.outbox?.();
        return this.stored.filter(({ sequence }) => sequence >= from).map(rowOf);
      },
    } as unknown as Lease<never>;
    return new Publisher({
      lease,
      output: {
        open: async (partition): Promise<OutputSession> => {
          await this.before.open?.();
          const session = await this.output.open(partition);
          return {
            ...session,
            send: async (messages, next) => {
              await this.before.send?.();
              await session.send(messages, next);
            },
          };
        },
        close: async () => {},
      },
      decodeOutbox,
      eventIdOf: (value) => value.toString(),
      clock: this.clock,
      logger: pino({ level: 'silent' }),
      observer: { failed: () => {}, published: () => {} } as never,
      onProgress: () => {},
    });
  }

  /** A database that was set back behind `values`, which are out. */
  async restored(...values: string[]): Promise<void> {
    const session = await this.output.open(0);
    await session.send([ready(values.map((value, sequence) => message(sequence, value)))], values.length);
  }

  offer(publisher: Publisher<never>, sequence: number, value: string): void {
    this.stored.push(message(sequence, value));
    publisher.offer(rowOf(message(sequence, value)), []);
  }

  async started(): Promise<Publisher<never>> {
    const publisher = this.publisher();
    publisher.start();
    await this.clock.pass(10);
    return publisher;
  }
}

const away = () => Promise.reject(new Error('the broker is away'));
const hangs = () => new Promise<void>(() => {});
const once = (fails: () => Promise<void>) => {
  let times = 0;
  return () => (times++ === 0 ? fails() : Promise.resolve());
};

async function stop(scene: Scene, publisher: Publisher<never>): Promise<void> {
  const stopped = publisher.stop();
  await scene.clock.pass(3_000);
  await stopped;
}

function expectOther(publisher: Publisher<never>): void {
  expect(publisher.error).toBeInstanceOf(CannotGoOn);
  expect(publisher.error?.message).toMatch(/was published as something else/);
}

/** What happens, by the path that it leads along. */
const PATHS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'unstarted → stopped': async (scene) => {
    await stop(scene, scene.publisher());
  },
  'unstarted → locating → sending → stopped': async (scene) => {
    const publisher = await scene.started();
    scene.offer(publisher, 0, 'a');
    await scene.clock.pass(10);
    expect(publisher.isDrained).toBe(true);
    await stop(scene, publisher);
    expect(scene.output.messages(0)).toHaveLength(1);
  },
  'unstarted → locating → stopped': async (scene) => {
    scene.before.open = hangs;
    await stop(scene, await scene.started());
  },
  'unstarted → locating → waiting → locating → sending': async (scene) => {
    scene.before.open = once(away);
    const publisher = await scene.started();
    expect(publisher.trouble).toEqual({ since: 0, error: 'the broker is away' });
    await scene.clock.pass(1_000);
    expect(publisher.trouble).toBeNull();
  },
  'unstarted → locating → waiting → stopped': async (scene) => {
    scene.before.open = away;
    await stop(scene, await scene.started());
  },
  'unstarted → locating → waiting → failed': async (scene) => {
    scene.before.open = away;
    scene.before.acknowledge = () => Promise.reject(new Error('another epoch has it'));
    const publisher = await scene.started();
    await scene.clock.pass(1_000);
    expect(publisher.error?.message).toBe('another epoch has it');
    expect(publisher.trouble?.error).toBe('the broker is away');
    await stop(scene, publisher);
    expect(publisher.error?.message).toBe('another epoch has it');
  },
  'unstarted → locating → sending → waiting → locating → sending': async (scene) => {
    scene.before.send = once(away);
    const publisher = await scene.started();
    scene.offer(publisher, 0, 'a');
    await scene.clock.pass(1_000);
    expect([publisher.trouble, publisher.backlogBytes]).toEqual([null, 0]);
  },
  'unstarted → locating → comparing → sending → failed': async (scene) => {
    await scene.restored('a', 'b');
    const publisher = await scene.started();
    scene.offer(publisher, 0, 'a');
    scene.offer(publisher, 1, 'other than before');
    expectOther(publisher);
    // It is the first error that counts, and nothing more is sent.
    scene.offer(publisher, 2, 'c');
    await scene.clock.pass(1_000);
    expect(scene.output.messages(0)).toHaveLength(2);
  },
  'unstarted → locating → comparing → failed': async (scene) => {
    await scene.restored('a', 'b');
    const opening = Promise.withResolvers<void>();
    scene.before.open = () => opening.promise;
    const publisher = await scene.started();
    scene.offer(publisher, 0, 'other than before');
    opening.resolve();
    await scene.clock.pass(10);
    expectOther(publisher);
  },
  'unstarted → locating → comparing → waiting → locating → comparing → sending': async (scene) => {
    await scene.restored('a', 'b');
    const opening = Promise.withResolvers<void>();
    scene.before = { open: () => opening.promise, outbox: once(away) };
    const publisher = await scene.started();
    scene.offer(publisher, 0, 'a');
    opening.resolve();
    await scene.clock.pass(1_000);
    expect(publisher.isDrained).toBe(true);
  },
  'unstarted → locating → comparing → stopped': async (scene) => {
    await scene.restored('a', 'b');
    const opening = Promise.withResolvers<void>();
    scene.before = { open: () => opening.promise, outbox: hangs };
    const publisher = await scene.started();
    scene.offer(publisher, 0, 'a');
    opening.resolve();
    await scene.clock.pass(10);
    await stop(scene, publisher);
  },
  'unstarted → locating → comparing → sending → waiting → locating → failed': async (scene) => {
    await scene.restored('a', 'b');
    scene.before.send = away;
    const publisher = await scene.started();
    scene.before.open = hangs;
    scene.offer(publisher, 0, 'a');
    // Beyond what was out: it has to be sent, and cannot be.
    publisher.offer({ first: 2, next: 3, payload: encodeOutbox([message(2, 'c')]) }, []);
    await scene.clock.pass(1_000);
    expect(publisher.trouble?.error).toBe('the broker is away');
    publisher.offer(rowOf(message(1, 'other than before')), []);
    expectOther(publisher);
  },
};

describe('a publisher', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each(Object.keys(PATHS))('leads along %s', async (path) => {
    const paths = watchStates(PUBLISHER_TRANSITIONS);
    await PATHS[path]!(new Scene());
    expect(paths()).toEqual([path]);
  });

  test('has no transition that is not driven here', () => {
    expect(edgesOn(Object.keys(PATHS))).toEqual(edgesOf(PUBLISHER_TRANSITIONS));
  });
});
