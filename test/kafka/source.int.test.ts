import { afterEach, expect, test } from '@jest/globals';
import { describeReal, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { client, makeTopic, produce, Reader, transactions } from './support/broker.ts';

const numbered = (count: number, first = 0, partition = 0) =>
  Array.from({ length: count }, (_, index) => ({ partition, key: `k${first + index}`, value: `v${first + index}` }));
const values = (count: number, first = 0) => Array.from({ length: count }, (_, index) => `v${first + index}`);

/** `Dead`: nobody ever was in it. */
async function groupState(group: string): Promise<string> {
  const admin = client().admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([group]);
  await admin.disconnect();
  return groups[0]!.state;
}

describeReal('the input log on a broker', () => {
  const readers: Reader[] = [];
  const reader = (...args: ConstructorParameters<typeof Reader>): Reader => {
    const made = new Reader(...args);
    readers.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(readers.splice(0).map(({ log }) => log.stop()));
  });

  test('nothing is read of a partition before it is sought and resumed', async () => {
    const topic = await makeTopic(2);
    await produce(topic, [...numbered(3, 0, 0), ...numbered(3, 10, 1)]);
    const one = reader({ topic, group: uniqueName('g') });
    one.onAssigned = () => one.read(1);
    await one.log.start(one);
    await until('partition 1 is read', () => one.values(1).length === 3);
    expect(one.owned).toEqual([0, 1]);
    expect(one.values(0)).toEqual([]);
    one.read(0, 1);
    await until('partition 0 is read', () => one.values(0).length === 2);
    expect(one.values(0)).toEqual(values(2, 1));
    expect(one.failures).toEqual([]);
  });

  test('the group is joined by nobody before those that come together are ready', async () => {
    const topic = await makeTopic(2);
    const group = uniqueName('g');
    const gate = Promise.withResolvers<void>();
    let ready = 0;
    const together = () => {
      ready += 1;
      return gate.promise;
    };
    const [one, two] = [reader({ topic, group, together }), reader({ topic, group, together })];
    const started = [one, two].map((each) => each.log.start(each));
    await until('both are ready', () => ready === 2);
    expect(await groupState(group)).toBe('Dead');
    gate.resolve();
    await Promise.all(started);
    await until('each has one', () => one.owned.length === 1 && two.owned.length === 1);
    expect([...one.owned, ...two.owned].sort()).toEqual([0, 1]);
    expect(await groupState(group)).toBe('Stable');
    expect([...one.failures, ...two.failures]).toEqual([]);
  });

  test('one that is stopped while it waits for the others never joins', async () => {
    const topic = await makeTopic();
    const gate = Promise.withResolvers<void>();
    const ready = Promise.withResolvers<void>();
    const together = () => {
      ready.resolve();
      return gate.promise;
    };
    const group = uniqueName('g');
    const left = reader({ topic, group, together });
    const started = left.log.start(left);
    await ready.promise;
    await left.log.stop();
    gate.resolve();
    await started;
    // Whoever would join would have begun before this one, which comes all the way.
    const other = reader({ topic, group: uniqueName('g') });
    await other.log.start(other);
    await until('another is in its group', () => other.owned.length === 1);
    expect(await groupState(group)).toBe('Dead');
    expect([left.assignments, left.failures]).toEqual([[], []]);
  });

  test('records come with key, value, headers and the time the broker stamped', async () => {
    const topic = await makeTopic(1, { 'message.timestamp.type': 'LogAppendTime' });
    const before = Date.now();
    await produce(topic, [
      {
        key: null,
        value: null,
        timestamp: '1000',
        headers: { a: [Buffer.from('1'), Buffer.from('2')], toString: 'x' },
      },
    ]);
    const one = reader({ topic, group: uniqueName('g') });
    await one.log.start(one);
    await until('it is read', () => one.batches.length === 1);
    const { records, ...batch } = one.batches[0]!;
    expect(batch).toEqual({ partition: 0, from: 0, next: 1, highWatermark: 1 });
    const [record] = records;
    expect(record).toMatchObject({ offset: 0, key: null, value: null, stamped: true });
    expect(record!.timestamp).toBeGreaterThanOrEqual(before - 1_000);
    expect(record!.headers.map(([name, value]) => [name, String(value)])).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['toString', 'x'],
    ]);
  });

  test('a record that its producer stamped is told from those of the broker', async () => {
    const topic = await makeTopic(1, { 'message.timestamp.type': 'CreateTime', 'retention.ms': '-1' });
    await produce(topic, [{ value: 'a', timestamp: '1000' }]);
    const one = reader({ topic, group: uniqueName('g') });
    await one.log.start(one);
    await until('it is read', () => one.batches.length === 1);
    expect(one.batches[0]!.records[0]).toMatchObject({ timestamp: 1_000, stamped: false });
  });

  test('bounds are ends, not last stable offsets; times are found; a time past all is the end', async () => {
    // The records are of 1970, and would be deleted.
    const topic = await makeTopic(2, { 'retention.ms': '-1' });
    await produce(topic, [
      { partition: 0, value: 'a', timestamp: '1000' },
      { partition: 0, value: 'b', timestamp: '2000' },
      { partition: 0, value: 'c', timestamp: '3000' },
    ]);
    const producer = await transactions(topic);
    const open = await producer.begin([{ partition: 0, value: 'open', timestamp: '4000' }]);
    const { log } = reader({ topic, group: uniqueName('g') });
    expect(await log.bounds(0)).toEqual({ earliest: 0, end: 4 });
    expect([...(await log.allBounds())]).toEqual([
      [0, { earliest: 0, end: 4 }],
      [1, { earliest: 0, end: 0 }],
    ]);
    expect(await log.offsetAt(0, 1_001)).toBe(1);
    expect(await log.offsetAt(0, 9_000)).toBe(4);
    expect(await log.offsetAt(1, 0)).toBe(0);
    await expect(log.bounds(7)).rejects.toThrow('has no partition 7');
    await open.abort();
    await producer.close();
  });

  test('markers and aborted records are holes in one chain, and move the position where nothing else came', async () => {
    const topic = await makeTopic();
    const producer = await transactions(topic);
    await producer.committed(...numbered(2));
    await producer.aborted(...numbered(3, 100));
    await producer.committed(...numbered(2, 2));
    const one = reader({ topic, group: uniqueName('g') });
    await one.log.start(one);
    await until('the four are read', () => one.positions.get(0) === 10);
    expect(one.values()).toEqual(values(4));
    await producer.aborted(...numbered(3, 100));
    await until('the position moves over them', () => one.positions.get(0) === 14);
    expect(one.moves.at(-1)).toMatchObject({ partition: 0, next: 14 });
    await producer.committed(...numbered(1, 4));
    await until('reading goes on behind', () => one.values().length === 5);
    expect(one.values()).toEqual(values(5));
    expect(one.failures).toEqual([]);
    await producer.close();
  });

  test('aborted records do not come through where two transactions were open, whatever their keys', async () => {
    const topic = await makeTopic();
    const [first, second] = [await transactions(topic), await transactions(topic)];
    const marker = Buffer.alloc(4);
    const a = await first.begin([{ partition: 0, key: marker, value: 'aborted' }]);
    const b = await second.begin([{ partition: 0, key: marker, value: 'aborted' }]);
    await produce(topic, numbered(1));
    await a.send({ topic, messages: [{ partition: 0, key: marker, value: 'aborted' }] });
    await b.send({ topic, messages: [{ partition: 0, key: marker, value: 'aborted' }] });
    await a.send({ topic, messages: [{ partition: 0, value: 'aborted' }] });
    await b.abort();
    await a.abort();
    await produce(topic, numbered(1, 1));
    // From the middle: both transactions began before what is fetched.
    const one = reader({ topic, group: uniqueName('g') }, new Map([[0, 2]]));
    await one.log.start(one);
    await until('all is read', () => one.positions.get(0) === 9);
    expect(one.values()).toEqual(values(2));
    await Promise.all([first.close(), second.close()]);
  });

  test('partitions move with the members, each is held by one, and none is read twice or left out', async () => {
    const topic = await makeTopic(4);
    const group = uniqueName('g');
    const positions = new Map<number, number>();
    const [one, two] = [reader({ topic, group }, positions), reader({ topic, group }, positions)];
    const send = (first: number) =>
      produce(
        topic,
        [0, 1, 2, 3].flatMap((p) => numbered(5, first + p * 1_000, p)),
      );
    const all = () => [...one.values(), ...two.values()].length;
    await one.log.start(one);
    await send(0);
    await until('one reads all', () => all() === 20);
    expect(await one.log.holds(3)).toBe(true);
    const kept = one.owned;

    await two.log.start(two);
    await until('each has two', () => one.owned.length === 2 && two.owned.length === 2);
    expect([...one.owned, ...two.owned].sort()).toEqual(kept);
    await send(5);
    await until('both read', () => all() === 40);
    expect(two.values()).toHaveLength(10);
    expect(await one.log.holds(two.owned[0]!)).toBe(false);
    expect(await two.log.holds(two.owned[0]!)).toBe(true);

    const before = two.owned;
    await one.log.stop();
    expect(one.revocations).toBe(1);
    await until('two has all', () => two.owned.length === 4);
    expect(two.owned).toEqual(expect.arrayContaining([...before]));
    await send(10);
    await until('two reads all', () => all() === 60);
    for (const partition of [0, 1, 2, 3]) {
      const seen = [...one.batches, ...two.batches].filter((batch) => batch.partition === partition);
      const offsets = seen.flatMap(({ records }) => records.map(({ offset }) => offset));
      expect(offsets.sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, offset) => offset));
    }
    expect([...one.failures, ...two.failures]).toEqual([]);
  });

  test('a seek or a pause in the middle of a batch counts, whatever is under way', async () => {
    const topic = await makeTopic();
    await produce(topic, numbered(10));
    const one = reader({ topic, group: uniqueName('g') });
    let again = 3;
    one.hold = async () => {
      if (again === 0) return;
      again -= 1;
      one.read(0, again);
    };
    await one.log.start(one);
    await until('read to the end', () => one.positions.get(0) === 10 && again === 0);
    await until('read from each', () => one.batches.length === 4);
    expect(one.batches.map(({ from }) => from)).toEqual([0, 2, 1, 0]);

    one.hold = async () => one.log.pause(0);
    await produce(topic, numbered(1, 10));
    await until('one batch', () => one.positions.get(0) === 11);
    await produce(topic, numbered(1, 11));
    one.onAssigned = () => {};
    one.hold = async () => {};
    one.log.resume(0);
    await until('the next', () => one.positions.get(0) === 12);
    expect(one.values().slice(-2)).toEqual(values(2, 10));
    expect(one.failures).toEqual([]);
  });

  test('a listener that takes its time keeps no other partition waiting, and keeps its membership', async () => {
    const topic = await makeTopic(2);
    const group = uniqueName('g');
    await produce(topic, [...numbered(2, 0, 0), ...numbered(2, 100, 1)]);
    const one = reader({ topic, group, sessionTimeout: 6_000 });
    const slow = Promise.withResolvers<void>();
    one.hold = ({ partition }) => (partition === 0 ? slow.promise : Promise.resolve());
    await one.log.start(one);
    await until('partition 0 is in work', () => one.values(0).length === 2);
    const started = Date.now();
    let sent = 0;
    // Longer than the session: a member that sent no heartbeat would have lost it.
    while (Date.now() - started < 8_000) {
      sent += 1;
      await produce(topic, numbered(1, 100 + sent, 1));
      await until('partition 1 goes on', () => one.values(1).length === 2 + sent);
    }
    await produce(topic, numbered(1, 2, 0));
    expect(one.values(0)).toEqual(values(2));
    expect(one.assignments).toHaveLength(1);
    expect(await one.log.holds(0)).toBe(true);
    slow.resolve();
    await until('partition 0 goes on behind', () => one.values(0).length === 3);
    expect(one.values(0)).toEqual(values(3));
    expect(one.failures).toEqual([]);
  });

  test('a blocked partition that is sought goes on from there, and its late answer changes nothing', async () => {
    const topic = await makeTopic();
    await produce(topic, numbered(4));
    const one = reader({ topic, group: uniqueName('g') });
    const slow = Promise.withResolvers<void>();
    one.hold = () => (one.batches.length === 1 ? slow.promise : Promise.resolve());
    await one.log.start(one);
    await until('the first batch is in work', () => one.batches.length === 1);
    await until('it is blocked', async () => {
      one.read(0, 1);
      return one.batches.length === 2;
    });
    slow.resolve();
    await produce(topic, numbered(1, 4));
    await until('it goes on', () => one.positions.get(0) === 5);
    expect(one.batches[1]!.from).toBe(1);
    expect(one.failures).toEqual([]);
  });

  test('a position that the log has lost is told by a batch that does not chain, and is not moved in silence', async () => {
    const topic = await makeTopic(2);
    await produce(topic, numbered(10));
    const admin = client().admin();
    await admin.connect();
    // KafkaJS deletes only in topics whose leaders it has been asked for.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
    await admin.disconnect();
    const one = reader(
      { topic, group: uniqueName('g') },
      new Map([
        [0, 2],
        [1, 50],
      ]),
    );
    await one.log.start(one);
    await until('both are told', () => one.batches.length === 2);
    const [first, second] = one.batches.toSorted((a, b) => a.partition - b.partition);
    expect(first).toEqual({ partition: 0, from: 6, next: 6, records: [], highWatermark: 10 });
    expect(second).toEqual({ partition: 1, from: 0, next: 0, records: [], highWatermark: 0 });
    one.read(0, 6);
    await until('sought, it is read', () => one.values(0).length === 4);
    expect(one.batches).toHaveLength(3);
  });

  test('offsets for lag tools are in the group', async () => {
    const topic = await makeTopic();
    const group = uniqueName('g');
    await produce(topic, numbered(3));
    const one = reader({ topic, group });
    await one.log.start(one);
    await until('it is read', () => one.positions.get(0) === 3);
    await one.log.commit(
      new Map([
        [0, 2],
        [9, 7],
      ]),
    );
    const admin = client().admin();
    await admin.connect();
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    await admin.disconnect();
    expect(offsets!.partitions).toMatchObject([{ partition: 0, offset: '2' }]);
  });

  test('a topic that is not there is refused at the start, with what to do', async () => {
    const one = reader({ topic: uniqueName('absent'), group: uniqueName('g') });
    await expect(one.log.start(one)).rejects.toThrow(/tidemark setup/);
  });

  test('stopping does not wait for a listener that is blocked, and the group knows at once', async () => {
    const topic = await makeTopic();
    const group = uniqueName('g');
    await produce(topic, numbered(1));
    // Longer than the next member is waited for: that one has the partition only if this one said that it left.
    const one = reader({ topic, group, sessionTimeout: 600_000 });
    one.hold = () => new Promise(() => {});
    await one.log.start(one);
    await until('the batch is in work', () => one.batches.length === 1);
    await one.log.stop();
    expect(one.revocations).toBe(1);
    const two = reader({ topic, group });
    await two.log.start(two);
    await until('the next member has it', () => two.values().length === 1);
  });
});
