import { dirname } from 'node:path';
import { startJava } from '../../src/local/java.ts';
import { Keeper } from '../../src/local/keeper.ts';
import { freePorts } from '../../src/local/ports.ts';
import type { JavaStack } from '../../src/local/types.ts';
import type { Log } from './log.ts';
import { TcpProxy } from './proxy.ts';
import { type Addresses, environment } from './settings.ts';
import { type Proxies, Slot } from './slot.ts';
import { watchKafka, watchNothing, watchPostgres } from './watch.ts';

/** Broker, registry and Postgres, the slots that processors run in, and the way to the parts without a proxy. */
export interface Ground {
  readonly stack: JavaStack;
  readonly direct: Addresses;
  /** Processors that are meant to run, and one that comes and goes. */
  readonly slots: readonly Slot[];
  readonly spare: Slot;
  /** Where the data of broker and Postgres is. */
  readonly data: string;
  end(): Promise<void>;
}

/** @param count how many processors are meant to run. */
export async function makeGround(count: number, log: Log): Promise<Ground> {
  const proxies: Proxies[] = [];
  for (let i = 0; i <= count; i++) {
    const [broker, database, registry] = await Promise.all([watchKafka, watchPostgres, watchNothing].map(listen));
    proxies.push({ broker: broker!, database: database!, registry: registry! });
  }
  const [plain, controller, ...inner] = (await freePorts(2 + proxies.length)) as [number, number, ...number[]];
  const stack = await startJava({
    kafka: listeners(plain, controller, inner, proxies),
    onProgress: (line) => log.say(line),
  });
  const direct: Addresses = {
    brokers: [`127.0.0.1:${plain}`],
    registryUrl: stack.registryUrl,
    databaseUrl: stack.databaseUrl,
  };
  // Ends the processors, however this process goes.
  const keeper = new Keeper();
  const slots = proxies.map((own, i) => {
    const registry = new URL(direct.registryUrl);
    const database = new URL(direct.databaseUrl);
    own.broker.leadTo(inner[i]!);
    own.registry.leadTo(Number(registry.port));
    own.database.leadTo(Number(database.port));
    registry.port = String(own.registry.port);
    database.port = String(own.database.port);
    const brokers = [`127.0.0.1:${own.broker.port}`];
    const env = environment({ brokers, registryUrl: registry.href, databaseUrl: database.href });
    return new Slot(`processor ${i}`, own, env, log, keeper);
  });
  return {
    stack,
    direct,
    slots: slots.slice(0, count),
    spare: slots[count]!,
    data: dirname(dirname(stack.broker.log)),
    end: async () => {
      await Promise.all(slots.map((slot) => slot.kill()));
      for (const own of proxies) for (const proxy of Object.values(own)) (proxy as TcpProxy).close();
      await keeper.stop();
      await stack.stop();
    },
  };
}

const listen = (watch: Parameters<typeof TcpProxy.listen>[0]) => TcpProxy.listen(watch);

/** A broker tells clients where it is: on the listener of each processor, that is at the processor's own proxy. */
function listeners(plain: number, controller: number, inner: readonly number[], proxies: readonly Proxies[]) {
  const named = (ports: readonly number[]) => ports.map((port, i) => `P${i}://127.0.0.1:${port}`);
  const at = `PLAINTEXT://127.0.0.1:${plain}`;
  const protocols = ['PLAINTEXT', 'CONTROLLER', ...inner.map((_, i) => `P${i}`)].map((name) => `${name}:PLAINTEXT`);
  return {
    // A broker that was killed is let back in once its old registration has run out: nine seconds unless set.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '400',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: [at, `CONTROLLER://127.0.0.1:${controller}`, ...named(inner)].join(','),
    'advertised.listeners': [at, ...named(proxies.map(({ broker }) => broker.port))].join(','),
    'listener.security.protocol.map': protocols.join(','),
  };
}
