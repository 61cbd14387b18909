import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type InnerCluster from 'kafkajs/src/cluster/index.js';
import { type KafkaAddress, kafkaClient } from '../../src/kafka/client.ts';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { remedy } from '../../src/kafka/fatal.ts';
import { LoginRecord } from '../../src/kafka/login-record.ts';
import { quiet } from './support/broker.ts';
import { type Answer, FakeBroker } from './support/fake-broker.ts';

let broker: FakeBroker;
let address: KafkaAddress;

beforeEach(async () => {
  broker = new FakeBroker();
  const sasl = { mechanism: 'plain', username: 'fold', password: 'secret' } as const;
  address = { brokers: [await broker.listen()], sasl };
});
afterEach(() => broker.close());

/** Logs in over a new connection. */
async function login(...answers: Answer[]): Promise<void> {
  broker.answers = answers;
  const admin = kafkaClient(address, quiet).admin();
  try {
    await admin.connect();
  } finally {
    await admin.disconnect();
  }
}

async function failed(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

describe('a login', () => {
  test.each(['close', 'close at handshake', 'illegal state'] as const)(
    'that ends by `%s` is tried again over a new connection',
    async (answer) => {
      await login(answer, answer, 'accept');
    },
  );

  test('that never comes to an end is an error of the connection, and says where', async () => {
    const error = await failed(login('close'));
    expect(remedy(error)).toBeNull();
    expect(error.message).toMatch(/^the login at 127\.0\.0\.1:\d+ did not come to an end: /);
  });

  test('that was refused the first time is final at once, with what the broker says and what to do', async () => {
    const error = await failed(login('refuse'));
    expect(broker.logins).toHaveLength(1);
    expect(error.message).toMatch(/refused the login of user fold by plain: Invalid username or password$/);
    expect(remedy(error)).toMatch(/^correct kafka.sasl.username and kafka.sasl.password/);
  });

  test('that the brokers do not know is final, and says which setting', async () => {
    expect(remedy(await failed(login('unsupported')))).toBe('set kafka.sasl.mechanism to one the brokers know');
  });

  test('that was right before is tried again', async () => {
    await login('accept');
    await login('refuse', 'refuse', 'accept');
    const error = await failed(login('refuse'));
    expect(remedy(error)).toBeNull();
    expect(error.message).toMatch(/refused the login of user fold .* \(it was right before: tried again for \d+ s\)/);
  });

  test.each(['close', 'illegal state', 'refuse'] as const)(
    'that the broker wants anew, and that ends by `%s`, ends nothing',
    async (answer) => {
      const link = new ClusterLink(kafkaClient(address, quiet), quiet);
      // Less than KafkaJS's threshold: it logs in again before each request.
      broker.lifetime = 5_000n;
      broker.answers = ['accept'];
      const cluster = await link.ask('the cluster itself', async (it) => it);
      await cluster.refreshMetadata();
      broker.answers = [answer];
      const error = await failed(cluster.refreshMetadata());
      expect(remedy(error)).toBeNull();
      expect(error.message).toMatch(/did not come to an end|it was right before/);
      await link.close();
    },
  );

  test('is by the password that its file holds at that moment', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'login-'));
    const passwordFile = join(directory, 'password');
    address = { ...address, sasl: { ...address.sasl, password: 'at the start', passwordFile } };
    for (const password of ['first', 'second']) {
      writeFileSync(passwordFile, `${password}\n`);
      await login('accept');
    }
    expect(broker.logins.map(String)).toEqual(['\0fold\0first', '\0fold\0second']);
    rmSync(directory, { recursive: true });
    const error = await failed(login('accept'));
    expect(remedy(error)).toBeNull();
    expect(error.message).toMatch(/kafka\.sasl\.password_file: the file \/.*\/password cannot be read/);
  });

  test('is had at a broker by its IPv6 address, beside others', async () => {
    const other = new FakeBroker();
    const there = await other.listen('::1');
    address = { ...address, brokers: [there, ...address.brokers] };
    await login('accept');
    await login('accept');
    await other.close();
    expect([other.logins.length, broker.logins.length]).toEqual([2, 0]);
    await login('accept');
    expect(broker.logins).toHaveLength(1);
  });

  test('is tried once at a time: all who wait for it share how it ends', async () => {
    const link = new ClusterLink(kafkaClient(address, quiet), quiet);
    broker.answers = ['accept'];
    const cluster = await link.ask('the cluster itself', async (it) => it);
    const { brokerPool } = cluster as unknown as InnerCluster;
    const seed = brokerPool.seedBroker!;
    await seed.disconnect();
    broker.logins.length = 0;
    broker.answers = ['refuse', 'accept'];
    const ends = await Promise.allSettled([seed.connect(), seed.connect(), seed.connect()]);
    expect([broker.logins.length, ...ends.map(({ status }) => status)]).toEqual([
      1,
      'rejected',
      'rejected',
      'rejected',
    ]);
    await seed.connect();
    expect([broker.logins.length, seed.isConnected()]).toEqual([2, true]);
    await link.close();
  });

  test('that is refused until nobody waits any longer is named as the reason', async () => {
    await login('accept');
    broker.answers = ['refuse'];
    const link = new ClusterLink(kafkaClient(address, quiet), quiet);
    const error = await failed(link.ask('the cluster itself', async (it) => it, 1_000));
    expect(error.message).toMatch(
      /^Kafka did not answer within 1000 ms: the cluster itself: .* refused the login of user/,
    );
    expect(remedy(error)).toBeNull();
    await link.close();
  });

  test('of another user is another login', async () => {
    await login('accept');
    address = { ...address, sasl: { ...address.sasl, username: 'other' } };
    expect(remedy(await failed(login('refuse')))).not.toBeNull();
  });
});

describe('what was said to a login', () => {
  const MINUTE = 60_000;
  let now = 0;
  const record = () => new LoginRecord(`user ${Math.random()}`, () => now);

  test('is final where it was never right', () => {
    expect(record().refused()).toBe(0);
  });

  test('is forgiven for five minutes from the first refusal on, and anew after each success', () => {
    const login = record();
    login.accepted();
    const leftAfter = (minutes: number) => {
      now += minutes * MINUTE;
      return login.refused() / MINUTE;
    };
    expect([0, 4, 1].map(leftAfter)).toEqual([5, 1, 0]);
    login.accepted();
    expect(leftAfter(0)).toBe(5);
  });

  test('is known to threads that are started later', async () => {
    const [known, unknown] = [`known ${Math.random()}`, `unknown ${Math.random()}`];
    new LoginRecord(known).accepted();
    // What LoginRecord itself does, in a thread that nothing compiles for.
    const code = `const { getEnvironmentData, parentPort, workerData } = require('node:worker_threads');
      parentPort.postMessage(workerData.map((login) => getEnvironmentData('tidemark login ' + login)));`;
    const worker = new Worker(code, { eval: true, workerData: [known, unknown] });
    const [answer] = await once(worker, 'message');
    expect(answer).toEqual([true, undefined]);
    await worker.terminate();
  });

  test('long ago is no part of what is said now', () => {
    const login = record();
    login.accepted();
    login.refused();
    now += 6 * MINUTE;
    expect(login.refused()).toBe(5 * MINUTE);
  });
});
