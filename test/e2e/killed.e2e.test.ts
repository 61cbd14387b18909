import { expect, test } from '@jest/globals';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { dropMember, membersOf } from '../../src/kafka/group.ts';
import { readGoneOwners } from '../../src/postgres/owner.ts';
import { client, quiet } from '../kafka/support/broker.ts';
import { silentMember } from '../support/silent-member.ts';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { PARTITIONS, type TestPipeline, withPipeline } from './support/pipeline.ts';

describeReal('an instance that starts after another was killed', () => {
  test('has all of its partitions at once: the group is told, which would wait for far longer than this test', async () => {
    await withPipeline(stack(), 'killed', async (pipeline) => {
      await pipeline.setUp();
      await pipeline.startWriting(1);
      const victim = pipeline.run();
      await victim.ready();
      await foldedOn(pipeline);
      victim.kill('SIGKILL');
      await victim.over();
      const { owner } = (await pipeline.status())[0]!;
      expect(owner).toMatch(new RegExp(`:${victim.pid}$`));
      await outlast(pipeline, owner!);

      const heir = pipeline.run();
      await heir.ready();
      await heir.logs(/^told the consumer group/);
      const told = heir.log().find(({ msg }) => msg.startsWith('told the consumer group'));
      expect(told).toMatchObject({ members: 1, processors: [owner] });
      await foldedOn(pipeline);
      const owners = (await pipeline.status()).map((partition) => partition.owner);
      expect(owners).toEqual(owners.map(() => expect.stringMatching(`:${heir.pid}$`)));
      await pipeline.stopWriting();
      expect(await heir.stop()).toEqual({ code: 0, signal: null });
    });
  });
});

/** In the place of a killed processor's members comes one of the same name whose session is longer. */
async function outlast(pipeline: TestPipeline, processor: string): Promise<void> {
  const database = await pipeline.database();
  await until('its connections are gone', async () => (await readGoneOwners(database)).includes(processor));
  const group = pipeline.name;
  const link = new ClusterLink(client(), quiet);
  try {
    for (const { id } of await membersOf(link, group)) await dropMember(link, group, id);
    const assigned = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    await silentMember(link, { topic: pipeline.name, group, processor, assigned });
  } finally {
    await link.close();
  }
}

async function foldedOn(pipeline: TestPipeline): Promise<void> {
  const before = new Map((await pipeline.status()).map(({ partition, nextOffset }) => [partition, nextOffset]));
  await until('every partition is folded on', async () => {
    const now = await pipeline.status();
    return (
      now.length === PARTITIONS && now.every(({ partition, nextOffset }) => nextOffset > (before.get(partition) ?? 0))
    );
  });
}
