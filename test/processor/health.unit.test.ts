import { describe, expect, test } from '@jest/globals';
import { rulesOfLog } from '../core/support/logs.ts';
import { calmWorld } from '../simulator/calm.ts';
import { steady } from '../simulator/weather.ts';

const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
const AT = Date.UTC(2026, 0, 1);
const event = (id: string) => ({ event_id: id, session_id: 's', type: 'page-view', occurred_at: AT });

describe('whether a processor is ready', () => {
  test('it is once it has taken over what the group gave it, however far behind that is', async () => {
    const world = calmWorld(rules, { partitions: 2 });
    const host = world.begin();
    expect(host.processor.hindrance).toMatch(/^each of partitions 0, 1 is to be taken over, since 2026-01-02T/);
    await world.until(() => host.processor.isReady, 'it is ready');
    world.stalledUntil = world.time.now + 1_000_000;
    for (let i = 0; i < 50; i++) world.append(0, AT + i, [event(`e${i}`)]);
    // Longer without any answer would be a fault.
    await world.time.pass(9_000);
    expect(world.store.tables(0).state.nextOffset).toBeLessThan(50);
    expect(host.processor.hindrance).toBeNull();
  });

  test('it is not where a part that it needs does not answer, and names the partition that lacks it', async () => {
    const world = calmWorld(rules);
    world.weather = steady({ share: 1 });
    const host = world.begin();
    await world.until(() => /^partition 0 is .*refused/.test(host.processor.hindrance ?? ''), 'it gives the reason');
    expect(host.processor.isStuck).toBe(false);
    world.weather = steady({});
    await world.until(() => host.processor.isReady, 'it is ready');
  });

  test('it is not while nothing can be published', async () => {
    const world = calmWorld(rules);
    const host = world.begin();
    const open = host.output.open.bind(host.output);
    host.output.open = () => Promise.reject(new Error('no right to write'));
    const why = /^partition 0 is not published: no right to write, since 2026-01-02T/;
    await world.until(() => why.test(host.processor.hindrance ?? ''), 'it gives the reason');
    host.output.open = open;
    await world.until(() => host.processor.isReady, 'it is ready');
  });

  test('it is not once a partition has waited for the registry for ten seconds', async () => {
    const world = calmWorld(rules);
    const host = world.begin();
    await world.until(() => host.processor.isReady, 'it is ready');
    const since = world.time.now;
    const [report] = host.processor.reports();
    const waits = [{ for: 'registry', since, why: 'waits for the schema registry: correct registry.token' }] as const;
    host.processor.reports = () => [{ ...report!, waits }];
    await world.time.pass(9_999);
    expect(host.processor.hindrance).toBeNull();
    await world.time.pass(1);
    const at = new Date(since).toISOString();
    expect(host.processor.hindrance).toBe(`partition 0 ${waits[0].why}, since ${at}`);
  });

  test('it is not while the group has thrown it out', async () => {
    const world = calmWorld(rules);
    const host = world.begin();
    await world.until(() => host.processor.isReady, 'it is ready');
    host.processor.revoked();
    expect(host.processor.hindrance).toBe('not in the consumer group');
    host.processor.assigned([]);
    // It stands by.
    expect(host.processor.hindrance).toBeNull();
  });
});

describe('whether a processor is stuck', () => {
  test('it is once its loop has not come round for two minutes, as where an answer never comes', async () => {
    const world = calmWorld(rules, { clockMargin: 0 });
    const host = world.begin();
    world.append(0, AT, [event('e')]);
    await world.until(() => world.isQuiet, 'the record is folded');
    expect(host.processor.isStuck).toBe(false);
    // The loop asks for the ends of quiet partitions, and waits.
    host.input.allBounds = () => new Promise(() => {});
    await world.time.pass(300_000);
    expect(host.processor.isStuck).toBe(true);
  });

  test('one that comes round is not, whatever time passes', async () => {
    const world = calmWorld(rules);
    const host = world.begin();
    await world.time.pass(600_000);
    expect(host.processor.isStuck).toBe(false);
  });
});
