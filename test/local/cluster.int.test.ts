import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import kafkajs, { type KafkaConfig, type SASLOptions } from 'kafkajs';
import pg from 'pg';
import { kafkaOf, setPassword, tool } from '../../src/local/access.ts';
import { startCluster, whyNotCluster } from '../../src/local/cluster.ts';
import type { ClusterStack } from '../../src/local/stack.ts';
import { makeToken } from '../../src/local/tokens.ts';
import { isAlive } from '../support/processes.ts';
import { until } from '../support/until.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs;
const why = await whyNotCluster(process.env);
const describeCluster = why === null ? describe : describe.skip;

describeCluster(`a cluster of three brokers${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let stack: ClusterStack;

  beforeAll(async () => {
    stack = await startCluster({ fast: true });
  });

  afterAll(async () => {
    await stack?.stop();
  });

  test('has a topic of the defaults on every node, and takes one away without losing a write', async () => {
    await makeTopic('kept', 6);
    const before = await described('kept');
    expect(before).toMatchObject({ partitions: 6, replicas: 3, leaders: [1, 2, 3] });
    expect(await tool(stack.access, TOPICS, '--describe', '--topic', 'kept')).toContain('min.insync.replicas=2');
    await write('kept', 'before');
    const [, second] = stack.nodes;
    const pid = second!.pid;
    await second!.kill();
    expect(isAlive(pid)).toBe(false);
    await until('the others lead', () => described('kept').then(({ leaders }) => leaders.join() === '1,3', never));
    await write('kept', 'meanwhile');
    await second!.start();
    await until('it is in step again', async () => (await described('kept')).leastInSync === 3);
    await write('kept', 'after');
    expect(await read('kept', 3 * 6)).toEqual(['after', 'before', 'meanwhile'].flatMap((text) => Array(6).fill(text)));
  });

  test('takes no write on a topic of which two replicas are away, and takes it when one is back', async () => {
    await makeTopic('narrow', 1);
    const away = stack.nodes.slice(1);
    await Promise.all(away.map((node) => node.kill()));
    await expect(write('narrow', 'lost')).rejects.toThrow();
    await Promise.all(away.map((node) => node.start()));
    await until('a write is taken', () => write('narrow', 'kept').then(always, never));
  });

  test('gives a principal nothing that it was not given', async () => {
    await makeTopic('closed', 1);
    const asked = () => write('closed', 'x', kafkaAs('producer'));
    await expect(asked()).rejects.toThrow(/[Aa]uthoriz/);
    await allow('producer', 'closed', AclOperationTypes.WRITE);
    await until('the right has come through', () => asked().then(always, never));
    await expect(write('kept', 'x', kafkaAs('producer'))).rejects.toThrow(/[Aa]uthoriz/);
    await expect(described('closed', kafkaAs('consumer'))).rejects.toThrow(/[Aa]uthoriz/);
  });

  test('refuses a wrong password, or none', async () => {
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      const login = { mechanism, username: 'admin', password: 'wrong' } as SASLOptions;
      await expect(topicsOf({ ...kafkaAs('admin'), sasl: login })).rejects.toThrow(/[Aa]uthentication/);
    }
    const { sasl: _, ...nobody } = kafkaAs('admin');
    await expect(topicsOf(nobody)).rejects.toThrow();
  });

  test('takes logins by PLAIN, either SCRAM, a token, and a certificate whose key has a passphrase', async () => {
    const { access } = stack;
    const password = access.passwords.admin!;
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      const login = { mechanism, username: 'admin', password } as SASLOptions;
      expect(await topicsOf({ ...kafkaAs('admin'), sasl: login })).toContain('kept');
    }
    const token = (value: string): SASLOptions => ({
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => ({ value }),
    });
    const good = makeToken(access.tokens, 'admin');
    expect(await topicsOf({ ...kafkaAs('admin'), sasl: token(good) })).toContain('kept');
    const expired = makeToken(access.tokens, 'admin', -3600);
    await expect(topicsOf({ ...kafkaAs('admin'), sasl: token(expired) })).rejects.toThrow();
    const { cert, key, passphrase } = access.clientCertificate;
    const certified = { ca: pem(access.ca), cert: pem(cert), key: pem(key) };
    const mutual = (ssl: object): KafkaConfig => ({ ...OPTIONS, brokers: access.mutualBrokers, ssl });
    await allow('tidemark', 'kept', AclOperationTypes.DESCRIBE);
    const asked = () => described('kept', mutual({ ...certified, passphrase }));
    await until('the certificate is known as its principal', () => asked().then(always, never));
    await expect(topicsOf(mutual({ ca: certified.ca }))).rejects.toThrow();
    await expect(topicsOf(mutual({ ...certified, passphrase: 'wrong' }))).rejects.toThrow();
  });

  test('takes a new password in the place of the old, while it runs', async () => {
    const { access } = stack;
    const old = kafkaAs('reader');
    expect(await topicsOf(old)).toEqual([]);
    await setPassword(access, 'reader');
    await until('the old one is refused', () => topicsOf(old).then(never, always));
    expect(await topicsOf(kafkaAs('reader'))).toEqual([]);
    await setPassword(access, 'newcomer');
    await until('a new principal is known', () => topicsOf(kafkaAs('newcomer')).then(always, never));
  });

  test('shows a new certificate when it was given one, which the same authority signed', async () => {
    const node = stack.nodes[2]!;
    const old = await serialOf(node.address, stack.access.ca);
    expect(await serialOf(node.address, stack.access.ca)).toBe(old);
    await node.exchangeCertificate();
    await until('it is shown', async () => (await serialOf(node.address, stack.access.ca)) !== old);
    expect(await topicsOf(kafkaAs('admin', [node.address]))).toContain('kept');
  });

  test('keeps the registry behind TLS, and a password, a token or a certificate', async () => {
    const { registry, clientCertificate } = stack.access;
    const { cert, key, passphrase } = clientCertificate;
    const basic = (password: string) => `Basic ${Buffer.from(`${registry.username}:${password}`).toString('base64')}`;
    const authorized = (authorization: string) => ({ headers: { authorization } });
    expect(await ask({})).toBe(401);
    expect(await ask(authorized(basic('wrong')))).toBe(401);
    expect(await ask(authorized('Bearer wrong'))).toBe(401);
    expect(await ask(authorized(basic(registry.password)))).toBe(200);
    expect(await ask(authorized(`Bearer ${registry.token}`))).toBe(200);
    expect(await ask({ cert: pem(cert), key: pem(key), passphrase })).toBe(200);
    await stack.registry.kill();
    expect(await ask(authorized(basic(registry.password)))).toBe(502);
    await stack.registry.start();
    expect(await ask(authorized(basic(registry.password)))).toBe(200);
    await expect(fetch(`${registry.url}/subjects`)).rejects.toThrow();
  });

  test('keeps Postgres behind TLS', async () => {
    const { databaseUrl } = stack;
    const encrypted = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    expect(await query(databaseUrl, encrypted)).toEqual([{ ssl: true }]);
    await expect(query(databaseUrl.replace(/\?.*/, ''), encrypted)).rejects.toThrow(/no encryption/);
    const other = new URL(databaseUrl);
    other.searchParams.delete('sslrootcert');
    await expect(query(other.href, encrypted)).rejects.toThrow(/certificate/);
  });

  test("is open to Kafka's own tools, as the principal of a file", async () => {
    expect(await tool(stack.access, TOPICS, '--list')).toContain('kept');
  });

  const OPTIONS = { clientId: 'test', logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, retries: 5 } };

  function kafkaAs(principal: string, brokers = stack.brokers): KafkaConfig {
    const { sasl } = kafkaOf(stack.access, principal);
    return { ...OPTIONS, brokers, ssl: { ca: pem(stack.access.ca) }, sasl };
  }

  async function asAdmin<T>(work: (admin: kafkajs.Admin) => Promise<T>, config = kafkaAs('admin')): Promise<T> {
    const admin = new Kafka(config).admin();
    try {
      await admin.connect();
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  const topicsOf = (config: KafkaConfig) => asAdmin((admin) => admin.listTopics(), config);

  async function makeTopic(topic: string, numPartitions: number): Promise<void> {
    const topics = [{ topic, numPartitions }];
    await asAdmin((admin) => admin.createTopics({ topics, waitForLeaders: false }));
    await until('it has leaders', () => described(topic).then(({ leaders }) => !leaders.includes(-1), never));
  }

  async function described(topic: string, config = kafkaAs('admin')) {
    const { topics } = await asAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] }), config);
    const { partitions } = topics[0]!;
    return {
      partitions: partitions.length,
      replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      leastInSync: Math.min(...partitions.map(({ isr }) => isr.length)),
      leaders: [...new Set(partitions.map(({ leader }) => leader))].sort(),
    };
  }

  /** Writes the text into every partition, acknowledged by all replicas in sync, with a request for each partition. */
  async function write(topic: string, value: string, config = kafkaAs('admin')): Promise<void> {
    const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
    const producer = new Kafka(config).producer({ createPartitioner });
    try {
      await producer.connect();
      const { partitions } = await described(topic);
      for (let partition = 0; partition < partitions; partition++) {
        await producer.send({ topic, acks: -1, messages: [{ partition, value }] });
      }
    } finally {
      await producer.disconnect();
    }
  }

  /** Reads so many values of a topic, and sorts them. */
  async function read(topic: string, count: number): Promise<string[]> {
    const consumer = new Kafka(kafkaAs('admin')).consumer({ groupId: 'reading' });
    const values: string[] = [];
    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) });
      await until('all is read', () => values.length >= count);
    } finally {
      await consumer.disconnect();
    }
    return values.sort();
  }

  async function allow(principal: string, topic: string, operation: kafkajs.AclOperationTypes): Promise<void> {
    const acl = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: topic,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${principal}`,
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    };
    await asAdmin((admin) => admin.createAcls({ acl: [acl] }));
  }

  /** Status of the registry's answer. */
  function ask(options: object): Promise<number> {
    const url = `${stack.registryUrl}/subjects`;
    return new Promise((resolve, reject) => {
      const asked = request(url, { ca: pem(stack.access.ca), ...options }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode!));
      });
      asked.once('error', reject).end();
    });
  }

  async function query(url: string, sql: string): Promise<unknown[]> {
    const client = new pg.Client(url);
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }
});

const TOPICS = 'org.apache.kafka.tools.TopicCommand';
const always = () => true;
const never = () => false;
const pem = (path: string) => readFileSync(path);

/** Serial number of the certificate that a server shows. */
function serialOf(address: string, ca: string): Promise<string> {
  const [host, port] = address.split(':') as [string, string];
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host, port: Number(port), ca: pem(ca) }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
