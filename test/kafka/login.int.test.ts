import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type KafkaAddress, kafkaClient } from '../../src/kafka/client.ts';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { remedy } from '../../src/kafka/fatal.ts';
import { type Access, setPassword } from '../../src/local/access.ts';
import { makeToken } from '../../src/local/tokens.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { client, makeTopic, produce, quiet, Reader } from './support/broker.ts';

describeReal('brokers behind TLS and a login', () => {
  let directory: string;
  let endpoint: Server;
  /** How long the tokens live that it gives out, s, and how many it gave. */
  let lifetime = 3600;
  let given = 0;
  const cluster = (): Access | null => stack().access;
  // Where the stack is no cluster there is nothing to log in to.
  const testCluster = (name: string, run: (access: Access) => Promise<void>) =>
    test(name, async () => {
      const access = cluster();
      if (access !== null) await run(access);
    });

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'login-'));
    endpoint = createServer((_, response) => {
      given += 1;
      const access_token = makeToken(cluster()!.tokens, 'admin', lifetime);
      response.end(JSON.stringify({ access_token, expires_in: lifetime }));
    });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await new Promise((resolve) => endpoint.close(resolve));
  });

  const inFile = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const byEndpoint = (clientId: string) => ({
    mechanism: 'oauthbearer' as const,
    tokenUrl: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/${clientId}`,
    clientId,
    clientSecret: 'secret',
  });
  const sasl = ({ brokers, ca }: Access, login: KafkaAddress['sasl']): KafkaAddress => ({
    brokers,
    tls: true,
    tlsCa: ca,
    ...(login ? { sasl: login } : {}),
  });

  /** Whether the brokers answer whoever comes so; null, or why not. */
  async function refusal(address: KafkaAddress): Promise<Error | null> {
    const link = new ClusterLink(kafkaClient(address, quiet), quiet);
    try {
      await link.ask('brokers', (found) => found.refreshMetadata());
      return null;
    } catch (error) {
      return error as Error;
    } finally {
      await link.close();
    }
  }

  testCluster('take every way to log in', async (access) => {
    const password = access.passwords.admin!;
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      expect(await refusal(sasl(access, { mechanism, username: 'admin', password }))).toBeNull();
    }
    expect(await refusal(sasl(access, byEndpoint('every-way')))).toBeNull();
    const tokenFile = inFile('token', makeToken(access.tokens, 'admin'));
    expect(await refusal(sasl(access, { mechanism: 'oauthbearer', tokenFile }))).toBeNull();
    const { cert, key, passphrase } = access.clientCertificate;
    const tlsKeyPassphraseFile = inFile('passphrase', `${passphrase}\n`);
    const certified = { tlsCa: access.ca, tlsCert: cert, tlsKey: key, tlsKeyPassphraseFile };
    expect(await refusal({ brokers: access.mutualBrokers, tls: true, ...certified })).toBeNull();
  });

  testCluster('say what they refuse of a login that was never right, which is final', async (access) => {
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      const error = await refusal(sasl(access, { mechanism, username: 'nobody', password: 'wrong' }));
      expect(error?.message).toMatch(
        new RegExp(`refused the login of user nobody by ${mechanism}: Authentication failed`),
      );
      expect(remedy(error)).toMatch(/^correct kafka\.sasl\.username/);
    }
    const token = 'none';
    const error = await refusal(sasl(access, { mechanism: 'oauthbearer', token }));
    expect(error?.message).toMatch(
      /refused the login of the bearer of kafka\.sasl\.token by oauthbearer: .*invalid_token/,
    );
    expect(remedy(error)).toMatch(/^put a token/);
  });

  testCluster(
    'that have a new password take it from the file, and are asked again until it is there',
    async (access) => {
      const username = uniqueName('rotated');
      const passwordFile = inFile(username, await setPassword({ ...access }, username));
      const address = sasl(access, { mechanism: 'scram-sha-512', username, passwordFile });
      await until('the user is known', async () => (await refusal(address)) === null);
      const next = await setPassword({ ...access }, username);
      let error: Error | null = null;
      await until('the old password is refused', async () => {
        error = await refusal(address);
        return /it was right before: tried again for \d+ s/.test(error?.message ?? '');
      });
      expect(remedy(error)).toBeNull();
      inFile(username, next);
      await until('the new one is taken', async () => (await refusal(address)) === null);
    },
  );

  testCluster('that end a login after its time are logged in to anew, and reading goes on', async (access) => {
    // KafkaJS logs in anew ten seconds before: after two.
    lifetime = 12;
    const topic = await makeTopic(1);
    const address = sasl(access, byEndpoint('short'));
    const before = given;
    const reader = new Reader({ topic, group: uniqueName('g'), address });
    await reader.log.start(reader);
    let written = 0;
    await until('it has logged in many times', async () => {
      written += 1;
      await produce(topic, [{ value: `${written}` }]);
      return given - before >= 12;
    });
    await until('all is read', () => reader.values().length === written);
    expect(reader.values()).toEqual(Array.from({ length: written }, (_, i) => `${i + 1}`));
    expect([reader.failures, reader.revocations]).toEqual([[], 0]);
    await reader.log.stop();
    lifetime = 3600;
  });

  testCluster('that have replicas near are read from there', async (access) => {
    const topic = await makeTopic(3);
    const admin = client().admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    await admin.disconnect();
    const leaders = new Map(topics[0]!.partitions.map(({ partitionId, leader }) => [partitionId, leader]));
    const [first] = leaders.values();
    const said: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => void said.push(line) });
    const reader = new Reader({
      topic,
      group: uniqueName('g'),
      address: { ...sasl(access, byEndpoint('near')), clientRack: `rack-${first}` },
      logger,
    });
    await reader.log.start(reader);
    await produce(
      topic,
      [0, 1, 2].map((partition) => ({ partition, value: `${partition}` })),
    );
    await until('all is read', () => reader.values().length === 3);
    const lines = said.map((line) => JSON.parse(line) as { msg: string; partition: number; broker: number });
    const nearer = lines.filter(({ msg }) => msg === 'read from a nearer replica');
    const farther = [...leaders].filter(([, leader]) => leader !== first).map(([partition]) => partition);
    expect(new Set(nearer.map(({ partition }) => partition))).toEqual(new Set(farther));
    expect(new Set(nearer.map(({ broker }) => broker))).toEqual(new Set([first]));
    expect(reader.failures).toEqual([]);
    await reader.log.stop();
  });
});
