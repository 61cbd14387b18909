import { setTimeout as sleep } from 'node:timers/promises';
import { rightsFor } from '../../../src/kafka/rights/declaration.ts';
import type { Random } from '../../../src/simulate/random.ts';
import type { ChaosGround } from '../ground.ts';
import { TOPICS } from '../settings.ts';
import type { Slot } from '../slot.ts';
import type { Make } from './fault.ts';

/** Rights and passwords reach every broker a moment after, ms. */
const MOMENT = 1_500;
/** No other fault changes who may do what meanwhile. */
const ACCESS = 'access';

/** A right that the processors need is missing for some seconds. */
export const rightTaken: Make = (random, ground) => {
  const right = random.pick(rightsFor('run', ground.settings));
  const ms = random.between(500, 8_000);
  return {
    kind: 'right taken away',
    needs: [ACCESS],
    run: (tell) =>
      ground.deprive(async () => {
        await ground.control.revoke('tidemark', [right]);
        const { type, name } = right.resource;
        tell('right taken away', 'all processors', [], `${right.operation} on ${type} ${name}, ${Math.round(ms)} ms`);
        await sleep(ms);
        await ground.control.grant('tidemark', [right]);
        await sleep(MOMENT);
      }),
  };
};

/** A password is another: in the processors' file before or after it is at the brokers. */
export const passwordChanged: Make = (random, ground) => {
  const first = random.chance(0.5) ? 'file' : 'brokers';
  const between = random.between(0, 1_500);
  const again = reconnecting(random, ground);
  return {
    kind: 'password changed',
    needs: [ACCESS],
    run: (tell) =>
      ground.deprive(async () => {
        tell('password changed', 'all processors', [], `the ${first} first${again.told}`);
        await ground.changePassword(first, () => sleep(between));
        again.cut();
        await sleep(MOMENT);
      }),
  };
};

/**
 * What a topic of the brokers' making is changed to. Who stamps the records stays as it is: where producers do for a while,
 * the clock may end a visit before the first of their records that the log alone would not (A2 and A6 of docs/GUARANTEES.md).
 */
const CHANGES = [
  { of: 'input', change: { 'compression.type': 'zstd' } },
  { of: 'output', change: { 'compression.type': 'lz4' } },
] as const;

/** A setting of a topic is another for a while: longer than the processors take to look again, or shorter. */
export const topicChanged: Make = (random, { control, settings }) => {
  const { of, change } = random.pick(CHANGES);
  const ms = random.chance(0.5) ? random.between(1_000, 8_000) : random.between(31_000, 40_000);
  const { topic } = settings[of];
  return {
    kind: 'topic changed',
    needs: [`topic ${of}`],
    run: async (tell) => {
      await control.configure(topic, { ...TOPICS[of], ...change });
      const [[name, value]] = Object.entries(change) as [[string, string]];
      tell('topic changed', topic, [], `${name}=${value}, ${Math.round(ms)} ms`);
      await sleep(ms);
      await control.configure(topic, TOPICS[of]);
    },
  };
};

/** Brokers, and the proxies that TLS ends at, show new certificates of the same authority to new connections. */
export const certificatesExchanged: Make = (random, ground) => {
  const again = reconnecting(random, ground);
  const all = random.chance(0.3);
  const node = random.pick(ground.stack.nodes);
  return {
    kind: 'certificates exchanged',
    needs: [ACCESS, 'cluster'],
    run: async (tell) => {
      await ground.exchangeCertificate();
      for (const one of all ? ground.stack.nodes : [node]) await one.exchangeCertificate();
      tell('certificates exchanged', all ? 'all brokers' : node.name, [], `with that of the proxies${again.told}`);
      again.cut();
    },
  };
};

/** Connections that stand stay as they are: in half of the cases they are cut, so that all log in anew. */
function reconnecting(random: Random, { slots, spare }: ChaosGround) {
  const cutting = random.chance(0.5);
  const cut = (slot: Slot) => {
    for (const proxy of slot.proxies.broker) proxy.cut();
  };
  return {
    told: cutting ? ', then all connections cut' : '',
    cut: () => {
      if (cutting) for (const slot of [...slots, spare]) cut(slot);
    },
  };
}
