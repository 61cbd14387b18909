import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RUNS } from '../core/support/compare.ts';
import { type Log, logs, rulesOfLog } from '../core/support/logs.ts';
import { decode } from '../reference/decode.ts';
import { reference } from '../reference/reference.ts';
import { calmWorld } from '../simulator/calm.ts';
import { type Answers, compare, isComplete } from '../simulator/check.ts';
import { dice, streamOf } from '../simulator/dice.ts';
import { TOPIC } from '../simulator/names.ts';
import { recordOf } from '../simulator/record.ts';
import { steady } from '../simulator/weather.ts';
import type { World } from '../simulator/world.ts';

const SOURCE = { topic: TOPIC, partition: 0 };

/** The records of a log, as a topic's partition holds them. */
function recordsOf(log: Log) {
  return log.steps.flatMap((step) => ('now' in step ? [] : [step]));
}

function answersOf(log: Log): Answers {
  const steps = recordsOf(log).map(({ arrives, stamped, events }, offset) => {
    const entries = events.map((event) => decode(event, arrives));
    const raw = recordOf({ offset, timestamp: arrives, stamped, events });
    return { record: { offset, timestamp: arrives, stamped, entries, raw } };
  });
  return [{ ...reference(rulesOfLog(log), SOURCE, steps), end: steps.length }];
}

/** Once all is published, and the store and Kafka know that it is. */
async function expectRight(world: World, log: Log): Promise<void> {
  const answers = answersOf(log);
  const plan = { clockMargin: null, beyondMargin: false };
  await world.until(() => isComplete(world, plan, answers), 'all that the reference has is published');
  // A position counts a while after its transaction has ended.
  await world.time.pass(2_000);
  expect(compare(world, answers)).toBeNull();
  expect(world.failure).toBeNull();
}

const CALM = steady({});

describe('a processor', () => {
  test('folds, commits and publishes what is in the log', async () => {
    await fc.assert(
      fc.asyncProperty(logs(false), async (log) => {
        const world = calmWorld(rulesOfLog(log));
        const host = world.begin();
        for (const { arrives, events, stamped } of recordsOf(log)) world.append(0, arrives, events, stamped);
        await world.until(() => world.isQuiet, 'the log is folded and published');
        host.tellToStop();
        await world.until(() => host.processor.reports().every(({ phase }) => phase === 'ended'), 'it ends');
        await expectRight(world, log);
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  test('gives the same whatever fails, whichever processor dies and whenever the group rebalances', async () => {
    await fc.assert(
      fc.asyncProperty(logs(false), fc.integer(), async (log, seed) => {
        const world = calmWorld(rulesOfLog(log), { seed });
        const { time } = world;
        const random = dice(streamOf(seed, 'test'));
        world.begin();
        world.begin();
        world.weather = steady({ share: 0.05, delay: 200 });
        for (const { arrives, events, stamped } of recordsOf(log)) {
          world.append(0, arrives, events, stamped);
          await time.pass(Math.floor(random() * 300));
          const chance = random();
          if (chance < 0.1) {
            const alive = world.hosts.filter((host) => host.isAlive);
            const host = alive[Math.floor(random() * alive.length)]!;
            if (chance < 0.05) world.kill(host);
            else host.tellToStop();
            world.begin();
          } else if (chance < 0.2) {
            world.topic.rebalance();
          }
        }
        world.weather = CALM;
        await world.until(() => world.isQuiet, 'the log is folded and published once nothing fails any more');
        // Whoever took over last may still have to end what the last record made due.
        await time.pass(20_000);
        await world.until(() => world.isQuiet, 'what ended last is published');
        await expectRight(world, log);
        expect(world.hosts.map((host) => host.error)).toEqual(world.hosts.map(() => null));
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  test('ends the last visit when traffic stops, and a record that proves otherwise is counted', async () => {
    const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
    const world = calmWorld(rules, { clockMargin: 5_000 });
    world.begin();
    const at = world.time.now;
    world.append(0, at, [{ event_id: 'e1', session_id: 's', type: 'page-view', occurred_at: at }]);
    await world.until(() => world.seen.messages(0).length === 1, 'the visit is published', 3_000_000);
    // Gap, out-of-orderness, grace and the clock's margin after the only event: and not before.
    expect(world.time.now - at).toBeGreaterThan(1_875_000);
    expect(world.time.now - at).toBeLessThan(1_880_000);
    world.append(0, at + 1_000, [{ event_id: 'e2', session_id: 's', type: 'page-view', occurred_at: at + 1_000 }]);
    await world.until(() => world.isQuiet, 'the record is folded');
    expect(world.store.tables(0).state.counts).toMatchObject({ anticipationsWrong: 1, amended: 1 });
  });

  test('the clock ends no visit for a minute after a record that the brokers did not stamp: more may come', async () => {
    const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
    const world = calmWorld({ ...rules, appendTime: true }, { clockMargin: 5_000 });
    world.begin();
    const at = world.time.now;
    const click = (id: string, when: number, stamped: boolean) =>
      world.append(0, when, [{ event_id: id, session_id: id, type: 'page-view', occurred_at: when }], stamped);
    click('e1', at, true);
    await world.until(() => world.isQuiet, 'the first record is folded');
    // The visit is due in a moment.
    await world.time.pass(1_870_000);
    click('e2', world.time.now, false);
    await world.until(() => world.isQuiet, 'the second record is folded');
    const folded = world.time.now;
    await world.time.pass(30_000);
    click('e3', world.time.now, false);
    await world.until(() => world.isQuiet, 'the third record is folded');
    expect(world.store.tables(0).state.counts).toMatchObject({ unstamped: 2, anticipationsWrong: 0 });
    expect(world.seen.messages(0).filter(({ topic }) => topic === 'output')).toEqual([]);
    await world.until(() => world.seen.messages(0).some(({ topic }) => topic === 'output'), 'the visit ends', 200_000);
    expect(world.time.now - folded).toBeGreaterThan(90_000);
  });

  test('stops, and names the reason, when the log is not the one that was folded', async () => {
    const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
    const world = calmWorld(rules);
    const first = world.begin();
    world.append(0, 1_000_000_000_000, [null]);
    await world.until(() => world.isQuiet, 'the record is folded');
    first.tellToStop();
    await world.until(() => !first.isAlive, 'the first ends');
    world.topic.makeAnew(0);
    world.append(0, 1_000_000_000_001, [null]);
    const second = world.begin();
    await world.until(() => second.error !== null, 'it stops');
    expect(second.error?.message).toMatch(/offset 0 holds another record than the one folded there/);
  });
});
