import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { CannotGoOn } from '../../src/ports/errors.ts';
import { LIFE_TRANSITIONS } from '../../src/processor/life-state.ts';
import { rulesOfLog } from '../core/support/logs.ts';
import { calmWorld } from '../simulator/calm.ts';
import type { Host } from '../simulator/host.ts';
import { steady } from '../simulator/weather.ts';
import type { World } from '../simulator/world.ts';
import { edgesOf, edgesOn, watchStates } from './support/watched-states.ts';

const CALM = steady({});
const AWAY = steady({ share: 1 });

interface Stage {
  readonly world: World;
  readonly begin: () => Host;
  readonly append: () => void;
  /** What the group answers when it is asked whose the partition is; null: what the topic knows. */
  holds: boolean | null;
  /** What a take-over waits for first. */
  beforeTakeOver: () => Promise<void>;
}

function stage(): Stage {
  const world = calmWorld(rulesOfLog({ config: {} as never, outputDebug: false, steps: [] }));
  const takeOver = world.store.takeOver.bind(world.store);
  const stage: Stage = {
    world,
    begin: () => {
      const host = world.begin();
      const holds = host.input.holds.bind(host.input);
      host.input.holds = async (partition) => stage.holds ?? (await holds(partition));
      return host;
    },
    append: () => {
      world.append(0, world.time.now, [null]);
    },
    holds: null,
    beforeTakeOver: async () => {},
  };
  world.store.takeOver = async (host, partition) => {
    await stage.beforeTakeOver();
    return takeOver(host, partition);
  };
  return stage;
}

async function stop({ world }: Stage, host: Host): Promise<void> {
  host.tellToStop();
  await world.until(() => host.processor.reports().every(({ phase }) => phase === 'ended'), 'it ends');
}

/** What happens, by the path along which it leads the last life that begins. */
const PATHS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'assigned → takingOver → folding → ending → givenUp → ended': async (stage) => {
    stage.append();
    const host = stage.begin();
    await stage.world.until(() => stage.world.isQuiet, 'the record is folded');
    await stop(stage, host);
  },
  'assigned → ending → ended': async (stage) => {
    const { processor } = stage.begin();
    processor.assigned([]);
    await stage.world.time.pass(1_000);
  },
  'assigned → takingOver → unconfirmed → takingOver → folding → unconfirmed → takingOver → folding': async (stage) => {
    const { world } = stage;
    let failures = 1;
    stage.beforeTakeOver = async () => {
      if (failures-- > 0) throw new Error('Postgres is away');
    };
    stage.begin();
    await world.time.pass(1_000);
    world.weather = AWAY;
    stage.append();
    // The commit comes after 150 ms, and the next take-over 100 ms after that.
    await world.time.pass(200);
    world.weather = CALM;
    await world.until(() => world.isQuiet, 'the record is folded');
  },
  'assigned → takingOver → unconfirmed → denied → takingOver → folding': async (stage) => {
    let failures = 1;
    stage.beforeTakeOver = async () => {
      if (failures-- > 0) throw new Error('Postgres is away');
    };
    stage.holds = false;
    stage.begin();
    await stage.world.time.pass(5_000);
    stage.holds = null;
    await stage.world.time.pass(5_000);
  },
  'assigned → takingOver → unconfirmed → denied → assigned → takingOver → folding': async (stage) => {
    let failures = 1;
    stage.beforeTakeOver = async () => {
      if (failures-- > 0) throw new Error('Postgres is away');
    };
    stage.holds = false;
    const { processor } = stage.begin();
    await stage.world.time.pass(5_000);
    processor.assigned([0]);
    await stage.world.time.pass(1);
  },
  'assigned → takingOver → unconfirmed → assigned → takingOver → folding': async (stage) => {
    let failures = 1;
    stage.beforeTakeOver = async () => {
      if (failures-- > 0) throw new Error('Postgres is away');
    };
    const { processor } = stage.begin();
    await stage.world.time.pass(1);
    stage.holds = false;
    processor.assigned([0]);
    await stage.world.time.pass(1);
  },
  'assigned → takingOver → assigned → takingOver → folding': async (stage) => {
    const takingOver = Promise.withResolvers<void>();
    stage.beforeTakeOver = () => takingOver.promise;
    stage.holds = false;
    const { processor } = stage.begin();
    await stage.world.time.pass(1_000);
    processor.assigned([0]);
    stage.beforeTakeOver = async () => {};
    takingOver.reject(new Error('Postgres is away'));
    await stage.world.time.pass(1_000);
  },
  'assigned → takingOver → ending → givenUp → ended': async (stage) => {
    const takingOver = Promise.withResolvers<void>();
    stage.beforeTakeOver = () => takingOver.promise;
    const host = stage.begin();
    await stage.world.time.pass(1_000);
    host.tellToStop();
    await stage.world.time.pass(1_000);
    expect(host.processor.reports().map(({ phase }) => phase)).toEqual(['taking over']);
    takingOver.resolve();
    await stop(stage, host);
  },
  'assigned → takingOver → unconfirmed → ending → ended': async (stage) => {
    stage.beforeTakeOver = () => Promise.reject(new Error('Postgres is away'));
    const host = stage.begin();
    await stage.world.time.pass(1);
    await stop(stage, host);
  },
  'assigned → takingOver → unconfirmed → denied → ending → ended': async (stage) => {
    stage.beforeTakeOver = () => Promise.reject(new Error('Postgres is away'));
    stage.holds = false;
    const host = stage.begin();
    await stage.world.time.pass(5_000);
    await stop(stage, host);
  },
  'assigned → takingOver → givenUp': async (stage) => {
    stage.append();
    const host = stage.begin();
    await stage.world.until(() => stage.world.isQuiet, 'the record is folded');
    await stop(stage, host);
    stage.world.topic.makeAnew(0);
    const { error } = await failed(stage);
    expect(error?.message).toMatch(/ends at offset 0, but was folded up to 1/);
  },
  'assigned → takingOver → folding → givenUp': async (stage) => {
    stage.append();
    const host = stage.begin();
    await stage.world.until(() => stage.world.isQuiet, 'the record is folded');
    await stop(stage, host);
    stage.world.topic.replace(0, Buffer.from('[null,null]'));
    const { error, shown } = await failed(stage);
    expect(error?.message).toMatch(/holds another record than the one folded there/);
    // What it was is shown until the process leaves the group: it is not in order.
    expect(shown).toEqual([['running', null]]);
  },
};

/** @returns why it has stopped, and the phase and the epoch that each partition had shown by then. */
async function failed(stage: Stage) {
  const host = stage.begin();
  const { input, processor } = host;
  const stop = input.stop.bind(input);
  let shown: unknown[] = [];
  input.stop = () => {
    shown = processor.reports().map(({ phase, epoch }) => [phase, epoch]);
    return stop();
  };
  await stage.world.until(() => host.error !== null, 'it stops');
  expect(host.error).toBeInstanceOf(CannotGoOn);
  return { error: host.error, shown };
}

describe("a partition's life", () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each(Object.keys(PATHS))('leads along %s', async (path) => {
    const paths = watchStates(LIFE_TRANSITIONS);
    await PATHS[path]!(stage());
    expect(paths().at(-1)).toBe(path);
  });

  test('has no transition that is not driven here', () => {
    expect(edgesOn(Object.keys(PATHS))).toEqual(edgesOf(LIFE_TRANSITIONS));
  });

  test('that is stopped while the group is asked whose the partition is takes nothing over', async () => {
    const here = stage();
    const asked = Promise.withResolvers<boolean>();
    let takeOvers = 0;
    here.beforeTakeOver = async () => {
      takeOvers += 1;
      throw new Error('Postgres is away');
    };
    const host = here.begin();
    host.input.holds = () => asked.promise;
    await here.world.time.pass(5_000);
    host.tellToStop();
    await here.world.time.pass(100);
    asked.resolve(true);
    await here.world.time.pass(5_000);
    expect(takeOvers).toBe(1);
  });

  test('remembers when nothing was left, however often it is asked', async () => {
    const here = stage();
    const { world } = here;
    const { processor } = here.begin();
    here.append();
    await world.until(() => world.isQuiet, 'the record is folded');
    const drainedAt = () => processor.reports()[0]!.drainedAt;
    await world.time.pass(10_000);
    // As long as nothing is left, it is now.
    expect([drainedAt(), drainedAt()]).toEqual([world.time.now, world.time.now]);
    const appendedAt = world.time.now;
    world.stalledUntil = world.time.now + 100_000;
    here.append();
    await world.time.pass(500);
    expect([drainedAt(), drainedAt()]).toEqual([appendedAt, appendedAt]);
  });
});
