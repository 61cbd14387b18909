import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RUNS } from '../core/support/compare.ts';
import { visitsOf } from '../core/support/drive.ts';
import { type Log, logs, rulesOfLog } from '../core/support/logs.ts';
import { decode } from '../reference/decode.ts';
import { reference } from '../reference/reference.ts';
import { plainEmission, TOPIC, World } from './support/world.ts';

const SOURCE = { topic: TOPIC, partition: 0 };

/** The records of a log, as a topic's partition holds them. */
function recordsOf(log: Log) {
  return log.steps.flatMap((step) => ('now' in step ? [] : [step]));
}

function answerOf(log: Log) {
  const steps = recordsOf(log).map(({ arrives, stamped, events }, offset) => {
    const entries = events.map((event) => decode(event, arrives));
    return { record: { offset, timestamp: arrives, stamped, entries, raw: null } };
  });
  return reference(rulesOfLog(log), SOURCE, steps);
}

function expectRight(world: World, log: Log): void {
  const answer = answerOf(log);
  const visits = visitsOf(world.store as never);
  expect(visits).toEqual(
    answer.visits.map((visit) => ({ ...visit, endedWatermark: visit.ended ? visit.endedWatermark : null })),
  );
  const sent = world.output.messages(0).map(({ value }) => JSON.parse(value!.toString()));
  expect(sent).toEqual(JSON.parse(JSON.stringify(answer.emissions.map(plainEmission))));
  expect(world.store.state(0)?.counts).toEqual(answer.counts);
}

const QUIET = { share: 0, delay: 0 };

describe('a processor', () => {
  test('folds, commits and publishes what is in the log', async () => {
    await fc.assert(
      fc.asyncProperty(logs(false), async (log) => {
        const world = new World(rulesOfLog(log), 1, 1);
        const host = world.begin();
        for (const { arrives, events, stamped } of recordsOf(log)) world.append(0, arrives, events, stamped);
        await world.until(() => world.isQuiet, 'the log is folded and published');
        host.stop();
        await world.until(() => host.processor.reports().every(({ phase }) => phase === 'ended'), 'it ends');
        expectRight(world, log);
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  test('gives the same whatever fails, whichever processor dies and whenever the group rebalances', async () => {
    await fc.assert(
      fc.asyncProperty(logs(false), fc.integer(), async (log, seed) => {
        const world = new World(rulesOfLog(log), 1, seed);
        const { random, clock } = world;
        world.begin();
        world.begin();
        world.suffer({ share: 0.05, delay: 200 });
        for (const { arrives, events, stamped } of recordsOf(log)) {
          world.append(0, arrives, events, stamped);
          await clock.pass(random() * 300);
          const dice = random();
          if (dice < 0.1) {
            const alive = world.hosts.filter((host) => host.isAlive);
            const host = alive[Math.floor(random() * alive.length)]!;
            if (dice < 0.05) host.kill();
            else host.stop();
            world.begin();
          } else if (dice < 0.2) {
            world.topic.rebalance();
          }
        }
        world.suffer(QUIET);
        await world.until(() => world.isQuiet, 'the log is folded and published once nothing fails any more');
        // Whoever took over last may still have to end what the last record made due.
        await clock.pass(20_000);
        await world.until(() => world.isQuiet, 'what ended last is published');
        expectRight(world, log);
        expect(world.hosts.map((host) => host.error)).toEqual(world.hosts.map(() => null));
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  test('ends the last visit when traffic stops, and a record that proves otherwise is counted', async () => {
    const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
    const world = new World(rules, 1, 1, { clockMargin: 5_000 });
    world.begin();
    const at = world.clock.now();
    world.append(0, at, [{ event_id: 'e1', session_id: 's', type: 'page-view', occurred_at: at }]);
    await world.until(() => world.output.messages(0).length === 1, 'the visit is published', 3_000_000);
    // Gap, out-of-orderness, grace and the clock's margin after the only event: and not before.
    expect(world.clock.now() - at).toBeGreaterThan(1_875_000);
    expect(world.clock.now() - at).toBeLessThan(1_880_000);
    world.append(0, at + 1_000, [{ event_id: 'e2', session_id: 's', type: 'page-view', occurred_at: at + 1_000 }]);
    await world.until(() => world.isQuiet, 'the record is folded');
    expect(world.store.state(0)?.counts).toMatchObject({ anticipationsWrong: 1, amended: 1 });
  });

  test('the clock ends no visit for a minute after a record that the brokers did not stamp: more may come', async () => {
    const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
    const world = new World({ ...rules, appendTime: true }, 1, 1, { clockMargin: 5_000 });
    world.begin();
    const at = world.clock.now();
    const click = (id: string, when: number, stamped: boolean) =>
      world.append(0, when, [{ event_id: id, session_id: id, type: 'page-view', occurred_at: when }], stamped);
    click('e1', at, true);
    await world.until(() => world.isQuiet, 'the first record is folded');
    // The visit is due in a moment.
    await world.clock.pass(1_870_000);
    click('e2', world.clock.now(), false);
    await world.until(() => world.isQuiet, 'the second record is folded');
    const folded = world.clock.now();
    await world.clock.pass(30_000);
    click('e3', world.clock.now(), false);
    await world.until(() => world.isQuiet, 'the third record is folded');
    expect(world.store.state(0)?.counts).toMatchObject({ unstamped: 2, anticipationsWrong: 0 });
    expect(world.output.messages(0).filter(({ topic }) => topic === 'output')).toEqual([]);
    await world.until(
      () => world.output.messages(0).some(({ topic }) => topic === 'output'),
      'the visit ends',
      200_000,
    );
    expect(world.clock.now() - folded).toBeGreaterThan(90_000);
  });

  test('stops, and names the reason, when the log is not the one that was folded', async () => {
    const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
    const world = new World(rules, 1, 1);
    const first = world.begin();
    world.append(0, 1_000_000_000_000, [null]);
    await world.until(() => world.isQuiet, 'the record is folded');
    first.stop();
    await first.done.then(
      () => {},
      () => {},
    );
    world.topic.records(0).length = 0;
    world.append(0, 1_000_000_000_001, [null]);
    const second = world.begin();
    await world.until(() => second.error !== null, 'it stops');
    expect(second.error?.message).toMatch(/offset 0 holds another record than the one folded there/);
  });
});
