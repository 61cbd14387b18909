import { afterEach, describe, expect, test } from '@jest/globals';
import { kafkaClient } from '../../../src/kafka/client.ts';
import { ClusterLink } from '../../../src/kafka/cluster.ts';
import { boundsAtHand, boundsOf } from '../../../src/kafka/offsets.ts';
import { until } from '../../support/until.ts';
import { quiet, Reader } from '../support/broker.ts';
import { FakeCluster, TOPIC } from '../support/fake-cluster.ts';

/** Longer than a test may take: what waits for it fails. */
const NEVER = 60_000;

describe('reading from several brokers', () => {
  const ending: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });

  async function cluster(leaders: readonly number[], ids = [1, 2, 3]): Promise<FakeCluster> {
    const made = await FakeCluster.start(ids, leaders);
    ending.push(() => made.stop());
    made.coordinator = ids[0]!;
    return made;
  }

  function address({ brokers }: FakeCluster) {
    return { brokers, clientId: 'test', requestTimeout: NEVER, connectionTimeout: NEVER };
  }

  async function reading(of: FakeCluster, clientRack: string | null = null): Promise<Reader> {
    const reader = new Reader({ topic: TOPIC, group: 'g', address: { ...address(of), clientRack } });
    ending.push(() => reader.log.stop());
    await reader.log.start(reader);
    await until('it is dealt', () => reader.owned.length === of.leaders.length);
    return reader;
  }

  function link(of: FakeCluster): ClusterLink {
    const made = new ClusterLink(kafkaClient(address(of), quiet), quiet);
    ending.push(() => made.close());
    return made;
  }

  /** One record more in each partition, which is read. */
  async function goesOn(of: FakeCluster, reader: Reader, partitions = of.leaders.map((_, i) => i)): Promise<void> {
    for (const partition of partitions) of.ends[partition]! += 1;
    await until(`partitions ${partitions} go on`, () =>
      partitions.every((partition) => reader.positions.get(partition) === of.ends[partition]),
    );
  }

  function expectAll(of: FakeCluster, reader: Reader): void {
    of.ends.forEach((end, partition) => {
      expect(reader.values(partition)).toEqual(Array.from({ length: end }, (_, offset) => `${partition}:${offset}`));
    });
    expect([reader.failures, reader.revocations]).toEqual([[], 0]);
  }

  const countOf = (of: FakeCluster, what: RegExp) => of.asked.filter((each) => what.test(each)).length;

  test('goes on while the coordinator of the group is gone, and is in the group as it was under the next', async () => {
    const brokers = await cluster([2, 3]);
    const reader = await reading(brokers);
    await goesOn(brokers, reader);
    await brokers.node(1).kill();
    brokers.coordinator = null;
    brokers.listed = [2, 3];
    for (let i = 0; i < 5; i++) await goesOn(brokers, reader);
    brokers.coordinator = 3;
    await until('the next coordinator hears from it', () => countOf(brokers, /^3 heartbeat/) >= 2);
    await goesOn(brokers, reader);
    expect(reader.assignments).toHaveLength(1);
    expect(reader.log.inGroup).toBe(true);
    expectAll(brokers, reader);
  });

  test('one partition stands still before a batch that cannot be unpacked: told with its offset, the others go on', async () => {
    const brokers = await cluster([1, 1]);
    brokers.damaged.set(0, 2);
    const reader = await reading(brokers);
    brokers.ends[0] = 4;
    await until('what lies before is read', () => reader.positions.get(0) === 2);
    for (let i = 0; i < 5; i++) await goesOn(brokers, reader, [1]);
    await until('it is told', () => reader.log.unread(0) !== null);
    expect(reader.log.unread(0)!.error).toMatch(
      /^the record batch at offset 2 cannot be unpacked: .*have that lead the partition/,
    );
    expect(reader.log.unread(1)).toBeNull();
    expect(reader.log.inGroup).toBe(true);
    await goesOn(brokers, reader, [1]);
    brokers.damaged.clear();
    await until('it is read once it is whole', () => reader.positions.get(0) === 4);
    expectAll(brokers, reader);
  });

  test('goes on while the coordinator stands still', async () => {
    const brokers = await cluster([2, 3]);
    const reader = await reading(brokers);
    brokers.node(1).freeze();
    await until('it is asked for a heartbeat', () => countOf(brokers, /^1 heartbeat/) >= 1);
    await goesOn(brokers, reader);
    brokers.listed = [2, 3];
    brokers.coordinator = 2;
    await until('the next coordinator hears from it', () => countOf(brokers, /^2 heartbeat/) >= 1);
    brokers.node(1).goOn();
    await goesOn(brokers, reader);
    expect(reader.assignments).toHaveLength(1);
    expectAll(brokers, reader);
  });

  test('a broker that stands still keeps no other waiting, and is left before it goes on', async () => {
    const brokers = await cluster([1, 2, 3, 2]);
    const reader = await reading(brokers);
    await goesOn(brokers, reader);
    brokers.node(2).freeze();
    for (let i = 0; i < 3; i++) await goesOn(brokers, reader, [0, 2]);
    const silent = `broker ${brokers.brokers[1]} does not answer`;
    await until('it says who does not answer', () =>
      [1, 3].every((partition) => reader.log.unread(partition)?.error === silent),
    );
    expect([0, 2].map((partition) => reader.log.unread(partition))).toEqual([null, null]);
    brokers.listed = [1, 3];
    brokers.leaders = [1, 3, 3, 1];
    await goesOn(brokers, reader);
    expect([0, 1, 2, 3].map((partition) => reader.log.unread(partition))).toEqual([null, null, null, null]);
    // What it answers now is of no use to anybody.
    brokers.node(2).goOn();
    await goesOn(brokers, reader);
    expect(reader.assignments).toHaveLength(1);
    expectAll(brokers, reader);
  });

  test('a leader that moves while the broker stands still is read from, though that one is still there', async () => {
    const brokers = await cluster([2]);
    const reader = await reading(brokers);
    await goesOn(brokers, reader);
    brokers.node(2).freeze();
    brokers.leaders = [3];
    await goesOn(brokers, reader);
    brokers.node(2).goOn();
    await goesOn(brokers, reader);
    expectAll(brokers, reader);
  });

  test('a partition without a leader keeps no other waiting, and is read as soon as it has one', async () => {
    const brokers = await cluster([1, -1]);
    const reader = await reading(brokers);
    await goesOn(brokers, reader, [0]);
    await until('it says so', () => / no leader/.test(reader.log.unread(1)?.error ?? ''));
    await goesOn(brokers, reader, [0]);
    brokers.leaders = [1, 3];
    await goesOn(brokers, reader);
    expectAll(brokers, reader);
  });

  test('leaders that change places are followed, and nothing is read twice or left out', async () => {
    const brokers = await cluster([1, 2, 3]);
    const reader = await reading(brokers);
    for (let i = 0; i < 8; i++) {
      brokers.leaders = brokers.leaders.map((leader) => (leader % 3) + 1);
      await goesOn(brokers, reader);
    }
    expect(reader.assignments).toHaveLength(1);
    expectAll(brokers, reader);
  });

  test('what another leader appended is asked about before it goes out, once for each leader', async () => {
    const brokers = await cluster([1, 1]);
    const reader = await reading(brokers);
    await goesOn(brokers, reader);
    const asked: [epoch: number, position: number][] = [];
    let epoch = 0;
    reader.onQuestioned = (partition) => {
      asked.push([epoch, reader.positions.get(partition)!]);
      // As a processor does, which compares the record before.
      reader.positions.set(partition, reader.positions.get(partition)! - 1);
      reader.batches.splice(
        reader.batches.findLastIndex((batch) => batch.partition === partition),
        1,
      );
      reader.log.seek(partition, reader.positions.get(partition)!, true);
    };
    const from = [brokers.ends[0]!];
    brokers.epochAt = (partition, offset) => (partition === 1 ? 0 : from.filter((each) => offset >= each).length);
    for (epoch = 1; epoch <= 3; epoch++) {
      brokers.leaders = [(epoch % 3) + 1, 1];
      for (let i = 0; i < 3; i++) await goesOn(brokers, reader);
      from.push(brokers.ends[0]!);
    }
    expect(asked).toEqual([
      [1, 1],
      [2, 4],
      [3, 7],
    ]);
    expect(reader.questions).toEqual([0, 0, 0]);
    expectAll(brokers, reader);
  });

  test('what an older leader appended is asked about, and nothing of it goes out before', async () => {
    const brokers = await cluster([1]);
    brokers.epochAt = () => 4;
    const reader = await reading(brokers);
    await goesOn(brokers, reader);
    reader.onQuestioned = () => {};
    brokers.epochAt = () => 0;
    brokers.ends[0]! += 3;
    await until('it is asked about', () => reader.questions.length === 1);
    expect([reader.values(0), reader.positions.get(0)]).toEqual([['0:0'], 1]);
  });

  test('an end that a deposed leader tells is not believed where another replica knows better', async () => {
    const brokers = await cluster([1]);
    brokers.ends = [5];
    const { node } = brokers;
    const cutOff = node.call(brokers, 1);
    cutOff.view = { ...brokers, ends: [5], leaders: [1], listed: [1, 2, 3], coordinator: 1, isr: [1], nearest: -1 };
    brokers.leaders = [2];
    brokers.ends = [9];
    // All brokers say that the one that was cut off leads: so the client's metadata has it.
    for (const id of [2, 3]) node.call(brokers, id).view = { ...brokers, leaders: [id === 2 ? 2 : 1], ends: [9] };
    const reader = new Reader({
      topic: TOPIC,
      group: 'g',
      address: { ...address(brokers), brokers: [brokers.brokers[0]!] },
    });
    ending.push(() => reader.log.stop());
    expect(await reader.log.bounds(0)).toEqual({ earliest: 0, end: 9 });
    // Nor does the clock go by it.
    expect([...(await reader.log.allBounds())]).toEqual([[0, { earliest: 0, end: 9 }]]);
  });

  test('bounds of all partitions are those that can be had; asked for as a whole they fail', async () => {
    const brokers = await cluster([1, 2, -1]);
    brokers.ends = [3, 4, 5];
    const asking = link(brokers);
    const all = () => asking.ask('bounds', (given) => boundsAtHand(given, TOPIC));
    expect([...(await all())].map(([partition, { end }]) => [partition, end]).sort()).toEqual([
      [0, 3],
      [1, 4],
    ]);
    brokers.node(2).freeze();
    expect([...(await all()).keys()]).toEqual([0]);
    brokers.node(2).goOn();
    await expect(asking.ask('bounds', (given) => boundsOf(given, TOPIC), 500)).rejects.toThrow(/no leader/);
    brokers.leaders = [1, 2, 3];
    expect([...(await asking.ask('bounds', (given) => boundsOf(given, TOPIC))).keys()].sort()).toEqual([0, 1, 2]);
  });

  test('the clock goes by where the logs end, not by what consumers see: what is between is stamped already', async () => {
    const brokers = await cluster([1, 2]);
    Object.assign(brokers, { ends: [3, 4], unseen: [0, 2] });
    const reader = await reading(brokers);
    const endsOf = (all: ReadonlyMap<number, { readonly end: number }>) =>
      [...all].sort(([a], [b]) => a - b).map(([, { end }]) => end);
    expect(endsOf(await reader.log.allBounds())).toEqual([3, 4]);
    expect(endsOf(await link(brokers).ask('bounds', (given) => boundsAtHand(given, TOPIC)))).toEqual([3, 2]);
  });

  test('the first broker of the list may stand still: another one is asked', async () => {
    const brokers = await cluster([2, 3]);
    brokers.node(1).freeze();
    brokers.coordinator = 3;
    const reader = await reading(brokers);
    await goesOn(brokers, reader);
    expectAll(brokers, reader);
  });

  test('a topic that has grown is assigned anew', async () => {
    const brokers = await cluster([1, 2]);
    const reader = await reading(brokers);
    brokers.leaders.push(3);
    brokers.ends.push(0);
    brokers.unseen.push(0);
    await until('the third is dealt', () => {
      // A fetch that breaks off has the brokers asked anew, as they are every few minutes; one may just not be under
      // way.
      brokers.node(2).dropConnections();
      return reader.owned.length === 3;
    });
    await goesOn(brokers, reader);
    expect(reader.failures).toEqual([]);
  });

  test('a request that is never answered ends its connection, and is asked again over another', async () => {
    const brokers = await cluster([1], [1]);
    const reader = new Reader({
      topic: TOPIC,
      group: 'g',
      address: { brokers: brokers.brokers, requestTimeout: 1_500 },
    });
    ending.push(() => reader.log.stop());
    await reader.log.start(reader);
    await until('it is read', () => countOf(brokers, /^1 fetch/) > 0);
    const node = brokers.node(1);
    const before = node.connections;
    node.freeze();
    await until('there is another connection', () => node.connections > before);
    node.goOn();
    await goesOn(brokers, reader);
    expectAll(brokers, reader);
  });

  test('closing does not wait for what a broker owes', async () => {
    const brokers = await cluster([1], [1]);
    const reader = await reading(brokers);
    await goesOn(brokers, reader);
    brokers.node(1).freeze();
    await until('a heartbeat is not answered', () => reader.log.trouble !== null);
    await reader.log.stop();
    expect(reader.revocations).toBe(1);
    await until('nothing is left of it', () => brokers.node(1).open === 0);
  });

  describe('with the nearest replica', () => {
    test.each([
      ['is gone', (brokers: FakeCluster) => (brokers.listed = [1, 3])],
      ['has fallen behind', (brokers: FakeCluster) => (brokers.isr = [1, 3])],
    ])('reads from it once the leader has named it, and not where it %s', async (_, change) => {
      // The second has no leader, so that the brokers are asked for news all the time.
      const brokers = await cluster([1, -1]);
      brokers.nearest = 2;
      const reader = await reading(brokers, 'rack');
      await goesOn(brokers, reader, [0]);
      expect(countOf(brokers, /^2 fetch/)).toBeGreaterThan(0);
      // The replica itself says nothing of it: it answers, and lacks what comes from now on.
      brokers.node(2).view = { ...brokers, ends: [...brokers.ends] };
      brokers.nearest = -1;
      change(brokers);
      await goesOn(brokers, reader, [0]);
      expectAll(brokers, reader);
    });

    test('what is in the log and what is not is for the leader to say', async () => {
      const brokers = await cluster([1]);
      brokers.nearest = 2;
      const reader = await reading(brokers, 'rack');
      await goesOn(brokers, reader);
      const behind = { ...brokers, ends: [0], nearest: 2 };
      brokers.node(2).view = behind;
      brokers.nearest = -1;
      await goesOn(brokers, reader);
      expectAll(brokers, reader);
    });
  });
});
