import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cluster } from 'kafkajs';
import { kafkaClient } from '../../src/kafka/client.ts';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { coordinatorOf } from '../../src/kafka/kafkajs/coordinator.ts';
import { boundsOf } from '../../src/kafka/offsets.ts';
import { propertiesOf, tool } from '../../src/local/access.ts';
import { startCluster, whyNotCluster } from '../../src/local/cluster.ts';
import { ADMIN } from '../../src/local/principals.ts';
import type { ClusterNode, ClusterStack } from '../../src/local/stack.ts';
import { kafkaAddress, partsOf } from '../support/parts.ts';
import { until } from '../support/until.ts';
import { quiet, Reader } from './support/broker.ts';

const TOPIC = 'moving';
const PARTITIONS = [0, 1, 2, 3, 4, 5];
const why = await whyNotCluster(process.env);
const describeCluster = why === null ? describe : describe.skip;

describeCluster(`reading while brokers go and leaders move${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let stack: ClusterStack;
  let link: ClusterLink;
  let reader: Reader;
  let writing: ChildProcess;

  beforeAll(async () => {
    stack = await startCluster({ fast: true });
    const address = kafkaAddress(partsOf(stack));
    link = new ClusterLink(kafkaClient(address, quiet), quiet);
    await tool(stack.access, TOPICS, '--create', '--topic', TOPIC, '--partitions', String(PARTITIONS.length));
    reader = new Reader({ topic: TOPIC, group: 'moving', address });
    await reader.log.start(reader);
    writing = write();
    await goesOn();
  });

  afterAll(async () => {
    writing?.kill('SIGKILL');
    await reader?.log.stop();
    await link?.close();
    await stack?.stop();
  });

  test('the coordinator of the group is killed: nothing is given up, and reading goes on before it is back', async () => {
    const coordinator = await nodeOf((cluster) => coordinatorOf(cluster, 'moving'));
    await coordinator.kill();
    await goesOn();
    await until('another one has it in the group', () => reader.log.trouble === null);
    await coordinator.start();
    await goesOn();
    isAsItWas();
  });

  test('a broker stands still: what it led is read on from others before it goes on', async () => {
    const leader = await nodeOf((cluster) => cluster.findBroker({ nodeId: String(leaders(cluster)[0]) }));
    process.kill(leader.pid, 'SIGSTOP');
    try {
      await goesOn();
      await until('another one has it in the group', () => reader.log.trouble === null);
    } finally {
      process.kill(leader.pid, 'SIGCONT');
    }
    await goesOn();
    isAsItWas();
  });

  test('the leaders move, all at once, while nobody is gone: each is asked about once at most', async () => {
    const asked = reader.questions.length;
    for (let i = 0; i < 3; i++) {
      const before = await link.ask('leaders', async (cluster) => leaders(cluster));
      await moveFrom(before);
      await until('they have moved', async () => {
        await link.ask('leaders', (cluster) => cluster.refreshMetadata());
        const now = await link.ask('leaders', async (cluster) => leaders(cluster));
        return now.every((leader, partition) => leader > 0 && leader !== before[partition]);
      });
      await goesOn();
    }
    isAsItWas();
    const times = PARTITIONS.map((each) => reader.questions.slice(asked).filter((one) => one === each).length);
    // None where an answer brought the last of the leader before, too: that is one log.
    expect(Math.max(...times)).toBeLessThanOrEqual(3);
    expect(Math.max(...times)).toBeGreaterThan(0);
  });

  test('and all that was written was read, in order, once', async () => {
    writing.kill('SIGKILL');
    let last = '';
    await until('nothing more comes', async () => {
      const now = await ends();
      const same = now === last;
      last = now;
      return same && now === PARTITIONS.map((partition) => reader.positions.get(partition)).join();
    });
    isAsItWas();
  });

  /** Each partition is read on, more than once. */
  async function goesOn(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      const before = new Map(reader.positions);
      const moved = () => PARTITIONS.every((each) => (reader.positions.get(each) ?? 0) > (before.get(each) ?? 0));
      await until('all partitions go on', moved);
    }
  }

  function isAsItWas(): void {
    expect([reader.failures, reader.revocations, reader.assignments.length]).toEqual([[], 0, 1]);
  }

  async function nodeOf(find: (cluster: Cluster) => Promise<unknown>): Promise<ClusterNode> {
    const id = await link.ask('a broker', async (cluster) => {
      await boundsOf(cluster, TOPIC);
      return ((await find(cluster)) as { readonly nodeId: number }).nodeId;
    });
    return stack.nodes.find((node) => node.id === Number(id))!;
  }

  function ends(): Promise<string> {
    const ask = async (cluster: Cluster) => {
      const bounds = await boundsOf(cluster, TOPIC);
      return PARTITIONS.map((partition) => bounds.get(partition)!.end).join();
    };
    return link.ask('ends', ask);
  }

  /** Leaves each partition to the two brokers that did not lead it. */
  async function moveFrom(led: readonly number[]): Promise<void> {
    const partitions = led.map((id, partition) => ({
      ...{ topic: TOPIC, partition, replicas: [(id % 3) + 1, ((id + 1) % 3) + 1] },
    }));
    const file = join(stack.access.clients, 'reassignment.json');
    await writeFile(file, JSON.stringify({ version: 1, partitions }));
    await tool(stack.access, REASSIGN, '--reassignment-json-file', file, '--execute');
  }

  /** A few records a second into each partition, each once, whatever happens. */
  function write(): ChildProcess {
    const { java, jars, access } = stack;
    const settings = [
      `bootstrap.servers=${access.brokers}`,
      ...['acks=all', 'delivery.timeout.ms=240000', 'request.timeout.ms=5000', 'metadata.max.age.ms=2000'],
      'partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner',
    ];
    const what = ['--topic', TOPIC, '--num-records', '1000000', '--record-size', '100', '--throughput', '100'];
    const how = ['--producer.config', propertiesOf(access, ADMIN), '--producer-props', ...settings];
    const program = 'org.apache.kafka.tools.ProducerPerformance';
    return spawn(java, ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, program, ...what, ...how], {
      stdio: 'ignore',
    });
  }
});

const TOPICS = 'org.apache.kafka.tools.TopicCommand';
const REASSIGN = 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand';

function leaders(cluster: Cluster): number[] {
  const found = cluster.findTopicPartitionMetadata(TOPIC);
  return found.sort((a, b) => a.partitionId - b.partitionId).map(({ leader }) => leader);
}
