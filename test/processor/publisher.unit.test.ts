import { expect, test } from '@jest/globals';
import pino from 'pino';
import { MemoryOutput } from '../../src/memory/output.ts';
import { CannotGoOn } from '../../src/ports/errors.ts';
import type { OutMessage, OutputSession } from '../../src/ports/output.ts';
import type { Lease, OutboxRow } from '../../src/ports/store.ts';
import { Publisher, type PublisherOptions } from '../../src/processor/publisher.ts';
import { decodeOutbox, encodeOutbox } from '../../src/wire/outbox.ts';
import { ready } from '../wire/support/messages.ts';
import { VirtualClock } from './support/virtual-clock.ts';

function message(sequence: number, value: string): OutMessage {
  return { topic: 'output', sequence, key: null, value: Buffer.from(value), headers: [] };
}

/** What a publisher asks of a lease on a database that was set back to its beginning. */
const EMPTY = {
  partition: 0,
  state: { sequence: 0 },
  published: 0,
  outboxBytes: 0,
  acknowledge: async () => {},
} as unknown as Lease<never>;

/** As the outbox holds it. */
function rowOf(one: OutMessage): OutboxRow {
  return { first: one.sequence, next: one.sequence + 1, payload: encodeOutbox([one]) };
}

function publisherOf(
  clock: VirtualClock,
  rest: Pick<PublisherOptions<never>, 'lease' | 'output'> & Partial<PublisherOptions<never>>,
): Publisher<never> {
  return new Publisher({
    decodeOutbox,
    eventIdOf: (value) => value.toString(),
    clock,
    logger: pino({ level: 'silent' }),
    observer: { failed: () => {} } as never,
    onProgress: () => {},
    ...rest,
  });
}

/** An output of which Kafka has lost the position. @param renew is called when it is written down anew. */
function forgetful(output: MemoryOutput, renew: () => void) {
  return {
    open: async (partition: number): Promise<OutputSession> => ({
      ...(await output.open(partition)),
      position: async () => null,
      renew: async () => renew(),
    }),
    close: async () => {},
  };
}

test('what is folded again after a restored backup is compared also when the first producer fails', async () => {
  const clock = new VirtualClock(0);
  const output = new MemoryOutput();
  const sent = await output.open(0);
  await sent.send([ready([message(0, 'a'), message(1, 'b')])], 2);
  let failures = 0;
  const failing = forgetful(output, () => {
    // The first to write the position down anew fails.
    if (failures++ === 0) throw new Error('the broker is away');
  });
  const publisher = publisherOf(clock, { lease: EMPTY, output: failing });
  publisher.start();
  await clock.pass(1_000);
  expect(failures).toBe(2);
  const payload = encodeOutbox([message(0, 'a'), message(1, 'other than before'), message(2, 'c')]);
  publisher.offer({ first: 0, next: 3, payload }, []);
  publisher.offer(rowOf(message(3, 'd')), []);
  await clock.pass(1_000);
  expect(publisher.error).toBeInstanceOf(CannotGoOn);
  expect(publisher.error?.message).toMatch(/message 1 was published as something else/);
  // Nothing that came of the same log or settings goes out.
  expect(output.messages(0)).toHaveLength(2);
});

test.each([
  ['as much as was out', ['a', 'b']],
  ['more than was out', ['a', 'b', 'c', 'd']],
])('what is folded again before the position is found is compared and logged too: %s', async (_, again) => {
  const clock = new VirtualClock(0);
  const output = new MemoryOutput();
  const sent = await output.open(0);
  await sent.send(
    [ready([message(0, 'a'), message(1, 'b'), message(2, 'other than before')].slice(0, again.length))],
    3,
  );
  const stored: OutMessage[] = [];
  const lines: string[] = [];
  const lease = { ...EMPTY, outbox: async (from: number) => stored.slice(from).map(rowOf) } as unknown as Lease<never>;
  let found = () => {};
  const slow = {
    open: async (partition: number): Promise<OutputSession> => {
      await new Promise<void>((resolve) => {
        found = resolve;
      });
      return await output.open(partition);
    },
    close: async () => {},
  };
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const publisher = publisherOf(clock, { lease, output: slow, logger });
  publisher.start();
  await clock.pass(1_000);
  for (const [sequence, value] of again.entries()) {
    const one = message(sequence, value);
    stored.push(one);
    publisher.offer(rowOf(one), []);
  }
  found();
  await clock.pass(1_000);
  expect(lines).toContainEqual(expect.stringMatching(/^more was published than the database knows of/));
  expect(publisher.error?.message ?? null).toEqual(
    again.length > 2 ? expect.stringMatching(/message 2 was published as something else/) : null,
  );
});

test('what it published itself, and was not told of, is taken for no restored backup', async () => {
  const clock = new VirtualClock(0);
  const output = new MemoryOutput();
  let sends = 0;
  const silent = {
    open: async (partition: number): Promise<OutputSession> => {
      const session = await output.open(partition);
      const send: OutputSession['send'] = async (messages, next) => {
        await session.send(messages, next);
        if (sends++ === 0) throw new Error('no answer');
      };
      return { ...session, send };
    },
    close: async () => {},
  };
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const publisher = publisherOf(clock, { lease: EMPTY, output: silent, logger });
  publisher.start();
  await clock.pass(1_000);
  publisher.offer(rowOf(message(0, 'a')), []);
  await clock.pass(10_000);
  expect([publisher.error, publisher.isDrained, output.messages(0).length]).toEqual([null, true, 1]);
  expect(lines).toEqual(['publishing failed: a new producer takes over from the position kept in Kafka']);
});

test.each(['before', 'while', 'after'])(
  'after a restored backup there is room again for what was out already, committed %s the position is written down anew',
  async (when) => {
    const clock = new VirtualClock(0);
    const output = new MemoryOutput();
    const all = [message(0, 'a'), message(1, 'b'), message(2, 'c')];
    const sent = await output.open(0);
    await sent.send([ready(all)], 3);
    const stored = [all[0]!];
    let progress = 0;
    let seen = 0;
    const renew = () => {
      seen = progress;
      if (when === 'while') offer(all[1]!);
    };
    const publisher = publisherOf(clock, {
      // The backup holds a message that it does not know to be out.
      lease: {
        ...EMPTY,
        state: { sequence: 1 },
        outboxBytes: 10,
        outbox: async (from: number) => stored.filter(({ sequence }) => sequence >= from).map(rowOf),
      } as unknown as Lease<never>,
      output: forgetful(output, renew),
      onProgress: () => {
        progress += 1;
      },
    });
    const offer = (one: OutMessage) => {
      stored.push(one);
      publisher.offer(rowOf(one), []);
    };
    if (when === 'before') offer(all[1]!);
    publisher.start();
    await clock.pass(1_000);
    if (when === 'after') offer(all[1]!);
    await clock.pass(1_000);
    expect([publisher.error, publisher.backlogBytes, publisher.backlogSince]).toEqual([null, 0, null]);
    expect(progress).toBeGreaterThan(when === 'before' ? 0 : seen);
    // What comes later is compared still.
    offer(message(2, 'other than before'));
    await clock.pass(1_000);
    expect(publisher.error?.message).toMatch(/message 2 was published as something else/);
  },
);

test('a publisher that finds its position and may not write tries ever more seldom, and logs it once a minute, until it may', async () => {
  const clock = new VirtualClock(0);
  const output = new MemoryOutput();
  let opened = 0;
  let may = false;
  const refusing = {
    open: async (partition: number): Promise<OutputSession> => {
      opened += 1;
      const session = await output.open(partition);
      const send: OutputSession['send'] = async (messages, next) => {
        if (!may) throw new Error('not allowed to write');
        await session.send(messages, next);
      };
      return { ...session, send };
    },
    close: async () => {},
  };
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const publisher = publisherOf(clock, { lease: EMPTY, output: refusing, logger });
  publisher.start();
  publisher.offer({ first: 0, next: 1, payload: encodeOutbox([message(0, 'a')]) }, []);
  await clock.pass(10 * 60_000);
  // The waits double from 100 ms to 2.5 s.
  expect(opened).toBeLessThan(250);
  expect(lines.map(({ msg }) => msg)).toEqual(
    Array.from({ length: 10 }, () => 'publishing failed: a new producer takes over from the position kept in Kafka'),
  );
  expect(publisher.trouble?.error).toBe('not allowed to write');
  may = true;
  await clock.pass(3_000);
  expect([publisher.trouble, publisher.isDrained]).toEqual([null, true]);
  expect(lines.at(-1)?.msg).toBe('publishing again');
  await publisher.stop();
});
