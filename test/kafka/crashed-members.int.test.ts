import { afterEach, expect, test } from '@jest/globals';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { CrashedMembers } from '../../src/kafka/crashed-members.ts';
import { dropMember, membersOf } from '../../src/kafka/group.ts';
import { kafkaAddress } from '../support/parts.ts';
import { LONG_SESSION, silentMember } from '../support/silent-member.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { client, makeTopic, quiet, Reader } from './support/broker.ts';

const PARTITIONS = [0, 1, 2, 3];
const NEVER = new AbortController().signal;

describeReal('members of a killed processor', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  test('are waited for by nobody once the group was told', async () => {
    const { topic, group, link } = await ground();
    const gone = await silentMember(link, { topic, group, processor: 'killed:1', assigned: PARTITIONS });
    const former = await read(group, async () => ['killed:1', 'another:7']);
    const newcomers = await join(topic, group);
    await former!.dropCrashed(newcomers, NEVER);
    await until('both are dealt their share', () => newcomers.readers.every(({ owned }) => owned.length === 2));
    // All had come before the group was told: nobody was dealt what another got a moment later.
    expect(newcomers.readers.map(({ assignments }) => assignments.length)).toEqual([1, 1]);
    expect(await ids(link, group)).not.toContain(gone);
  });

  test('are asked for again while the group waits: Postgres may miss a process later than the group has newcomers', async () => {
    const { topic, group, link } = await ground();
    await silentMember(link, { topic, group, processor: 'killed:1', assigned: PARTITIONS });
    const answers = [[], ['another:7'], ['killed:1']];
    const former = await read(group, async () => answers.shift()!);
    const newcomers = await join(topic, group);
    await former!.dropCrashed(newcomers, NEVER);
    await until('both are dealt their share', newcomers.assigned);
    expect(answers).toEqual([]);
  });

  test('are told from those of processors that live', async () => {
    const { topic, group, link } = await ground();
    const alive = await silentMember(link, { topic, group, processor: 'alive:1', assigned: [] });
    let asked = 0;
    const former = await read(group, async () => {
      asked += 1;
      return ['killed:1'];
    });
    await former!.dropCrashed({ count: 0, assigned: () => asked > 1 }, NEVER);
    expect(await ids(link, group)).toEqual([alive]);
    await dropMember(link, group, alive);
  });

  test('are not asked for in a group that has no members, or none that say a name', async () => {
    const { topic, group, link } = await ground();
    const readGone = async () => ['killed:1'];
    expect(await read(group, readGone)).toBeNull();
    const consumer = client().consumer({ groupId: group });
    closing.push(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => {} });
    await until('it is in the group', async () => (await ids(link, group)).length === 1);
    expect(await read(group, readGone)).toBeNull();
    expect(await ids(link, group)).toHaveLength(1);
  });

  test('are not looked for where the brokers are away, and nothing fails', async () => {
    const address = { brokers: ['127.0.0.1:1'] };
    const readGone = async () => ['killed:1'];
    expect(await CrashedMembers.read({ address, group: 'g', readGone, logger: quiet })).toBeNull();
  });

  test('are not told of where it cannot be said who is gone, and nothing fails', async () => {
    const { topic, group, link } = await ground();
    const unknown = await silentMember(link, { topic, group, processor: 'killed:1', assigned: [] });
    const former = await read(group, () => Promise.reject(new Error('Postgres is away')));
    await former!.dropCrashed({ count: 0, assigned: () => false }, NEVER);
    expect(await ids(link, group)).toEqual([unknown]);
    await dropMember(link, group, unknown);
  });

  async function ground() {
    const topic = await makeTopic(PARTITIONS.length);
    const link = new ClusterLink(client(), quiet);
    closing.push(() => link.close());
    return { topic, link, group: uniqueName('g') };
  }

  /** Two that come after them. */
  async function join(topic: string, group: string) {
    const options = { topic, group, processor: 'new:1', sessionTimeout: LONG_SESSION };
    const readers = [new Reader(options), new Reader(options)];
    for (const { log } of readers) closing.push(() => log.stop());
    await Promise.all(readers.map((one) => one.log.start(one)));
    return {
      readers,
      count: readers.length,
      assigned: () => readers.every(({ assignments }) => assignments.length > 0),
    };
  }

  function read(group: string, readGone: () => Promise<readonly string[]>): Promise<CrashedMembers | null> {
    return CrashedMembers.read({ address: kafkaAddress(stack()), group, readGone, logger: quiet });
  }

  async function ids(link: ClusterLink, group: string): Promise<string[]> {
    return (await membersOf(link, group)).map(({ id }) => id);
  }
});
