import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { RightsWatch } from '../../src/cli/rights-watch.ts';
import { type Right, rightsFor } from '../../src/kafka/rights/declaration.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { VirtualClock } from '../processor/support/virtual-clock.ts';

const { settings } = loadSettings({ flags: {}, env: {}, cwd: '/' });
const rights = rightsFor('run', settings);
const needed = rights.find(({ without }) => without === null)!;
const wanted = rights.find(({ without }) => without !== null)!;

/** A watch that runs, and all that it reports. */
function startWatch() {
  const clock = new VirtualClock(0);
  const world = { missing: [] as Right[], away: false, hindered: false };
  const log: string[] = [];
  const reported: (string | null)[] = [];
  let asked = 0;
  const write = (line: string) => {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    log.push(`${pino.levels.labels[level]} ${msg}`);
  };
  const watch = new RightsWatch({
    findMissing: async () => {
      asked += 1;
      if (world.away) throw new Error('no broker');
      return world.missing;
    },
    describe: (some) => some.map(({ operation, resource }) => `${operation} ${resource.name}`).join(', '),
    clock,
    logger: pino({ level: 'info' }, { write }),
    isHindered: () => world.hindered,
    onChange: async (text) => void reported.push(text),
    close: async () => {},
  });
  watch.start();
  const stop = async () => {
    const stopped = watch.stop();
    await clock.pass(5_000);
    await stopped;
  };
  return { clock, world, log, reported, watch, stop, asked: () => asked };
}

const SAID = `${needed.operation} ${needed.resource.name}`;

describe('the rights of run while it runs', () => {
  test('one that is missing is reported at once, again every minute, and when it is there again', async () => {
    const { clock, world, log, reported, watch, stop } = startWatch();
    await clock.pass(30_000);
    expect({ log, reported, hindrance: watch.hindrance }).toEqual({ log: [], reported: [], hindrance: null });
    world.missing = [needed];
    await clock.pass(12_000);
    expect({ log, reported, hindrance: watch.hindrance }).toEqual({
      log: [`error ${SAID}`],
      reported: [SAID],
      hindrance: SAID,
    });
    await clock.pass(60_000);
    expect(log).toEqual([`error ${SAID}`, `error ${SAID}`]);
    expect(reported).toEqual([SAID, SAID]);
    world.missing = [];
    await clock.pass(7_000);
    expect(log.at(-1)).toBe('info this user has all rights again');
    expect({ last: reported.at(-1), hindrance: watch.hindrance }).toEqual({ last: null, hindrance: null });
    await stop();
  });

  test('one that it can do without hinders nothing, and is logged once', async () => {
    const { clock, world, log, reported, watch, stop } = startWatch();
    world.missing = [wanted];
    await clock.pass(200_000);
    expect(log).toEqual([`warn going on without: ${wanted.operation} ${wanted.resource.name}`]);
    expect(reported.length).toBeGreaterThan(2);
    expect(watch.hindrance).toBeNull();
    await stop();
    expect(reported.at(-1)).toBeNull();
  });

  test('are asked for more often while something does not work', async () => {
    const { clock, world, stop, asked } = startWatch();
    await clock.pass(100_000);
    const well = asked();
    world.hindered = true;
    await clock.pass(100_000);
    expect(asked() - well).toBeGreaterThan(well * 1.5);
    await stop();
  });

  test('what was missing is still reported while the brokers are away', async () => {
    const { clock, world, log, watch, stop } = startWatch();
    world.missing = [needed];
    await clock.pass(12_000);
    world.away = true;
    await clock.pass(30_000);
    expect(watch.hindrance).toBe(SAID);
    expect(log).toEqual([`error ${SAID}`]);
    await stop();
  });
});
