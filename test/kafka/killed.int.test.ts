import { afterEach, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { askCoordinator, dropMember, membersOf } from '../../src/kafka/group.ts';
import { Killed } from '../../src/kafka/killed.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { client, makeTopic, quiet, Reader, until } from './support.ts';

/** Far longer than a test may take: whoever waits for it fails. */
const SESSION = 600_000;
const PARTITIONS = 4;

describeReal('members of a killed processor', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  test('are waited for by nobody once the group was told', async () => {
    const { topic, group, link } = await ground();
    const gone = await silent(link, topic, group, 'killed:1', [0, 1, 2, 3]);
    const killed = await find(group, ['killed:1', 'another:7']);
    const newcomers = [reader(topic, group), reader(topic, group)];
    await Promise.all(newcomers.map((one) => one.log.start(one)));
    await killed!.drop(newcomers.length, new AbortController().signal);
    await until('both are dealt their share', () => newcomers.every(({ owned }) => owned.length === 2));
    // All had come before the group was told: nobody was dealt what another got a moment later.
    expect(newcomers.map(({ assignments }) => assignments.length)).toEqual([1, 1]);
    expect(await ids(link, group)).not.toContain(gone);
  });

  test('are told from those of processors that live', async () => {
    const { topic, group, link } = await ground();
    const alive = await silent(link, topic, group, 'alive:1', []);
    expect(await find(group, ['killed:1'])).toBeNull();
    expect(await find(group, [])).toBeNull();
    expect(await ids(link, group)).toEqual([alive]);
    await dropMember(link, group, alive);
  });

  test('of another kind, which say no name, are left alone', async () => {
    const { topic, group, link } = await ground();
    const consumer = client().consumer({ groupId: group });
    closing.push(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => {} });
    await until('it is in the group', async () => (await ids(link, group)).length === 1);
    expect(await find(group, ['killed:1'])).toBeNull();
    expect(await ids(link, group)).toHaveLength(1);
  });

  test('are not looked for where the brokers are away, and nothing fails', async () => {
    const address = { brokers: ['127.0.0.1:1'] };
    expect(await Killed.find({ address, group: 'g', processors: ['killed:1'], logger: quiet })).toBeNull();
  });

  async function ground() {
    const topic = await makeTopic(PARTITIONS);
    const link = new ClusterLink(client(), quiet);
    closing.push(() => link.close());
    return { topic, link, group: uniqueName('g') };
  }

  function reader(topic: string, group: string): Reader {
    const one = new Reader({ topic, group, processor: 'new:1', sessionTimeout: SESSION });
    closing.push(() => one.log.stop());
    return one;
  }

  function find(group: string, processors: readonly string[]): Promise<Killed | null> {
    return Killed.find({ address: { brokers: stack().brokers }, group, processors, logger: quiet });
  }

  async function ids(link: ClusterLink, group: string): Promise<string[]> {
    return (await membersOf(link, group)).map(({ id }) => id);
  }

  /** A member that joins, takes what it is dealt and is never heard of again. Resolves with its id. */
  async function silent(link: ClusterLink, topic: string, group: string, processor: string, dealt: readonly number[]) {
    const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
    const userData = Buffer.from(JSON.stringify({ processor, owned: dealt }));
    const metadata = MemberMetadata.encode({ version: 0, topics: [topic], userData });
    return askCoordinator(link, group, async (coordinator) => {
      const { memberId, generationId } = await coordinator.joinGroup({
        groupId: group,
        sessionTimeout: SESSION,
        rebalanceTimeout: SESSION,
        groupProtocols: [{ name: 'tidemark-sticky', metadata }],
      });
      const memberAssignment = MemberAssignment.encode({
        version: 0,
        assignment: { [topic]: [...dealt] },
        userData: Buffer.alloc(0),
      });
      await coordinator.syncGroup({
        groupId: group,
        generationId,
        memberId,
        groupAssignment: [{ memberId, memberAssignment }],
      });
      return memberId;
    });
  }
});
