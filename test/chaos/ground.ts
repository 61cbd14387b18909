import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { type Access, setPassword } from '../../src/local/access.ts';
import { startCluster } from '../../src/local/cluster.ts';
import { Keeper } from '../../src/local/keeper.ts';
import { freePorts } from '../../src/local/ports.ts';
import { makePassword } from '../../src/local/principals.ts';
import type { ClusterStack } from '../../src/local/types.ts';
import { loadSettings, type Settings } from '../../src/settings/index.ts';
import { type Parts, partsOf } from '../support/parts.ts';
import { Control } from './control.ts';
import { type Door, opened, openedPostgres, type Papers, sealed } from './door.ts';
import type { Log } from './log.ts';
import { TcpProxy } from './proxy.ts';
import { type Addresses, type Environment, environment, NAME } from './settings.ts';
import { FARS, type Proxies, Slot } from './slot.ts';
import { watchKafka, watchNothing, watchPostgres } from './watch.ts';

/** The cluster, registry and Postgres, the slots that processors run in, and the way to the parts without a proxy. */
export interface ChaosGround {
  readonly stack: ClusterStack;
  /** As the admin, past all proxies. */
  readonly parts: Parts;
  readonly control: Control;
  readonly settings: Settings;
  /** Past all proxies; the database as its superuser. */
  readonly direct: Addresses;
  /** Of a program that sets up, past all proxies. */
  readonly setUp: Environment;
  /** Processors that are meant to run, and one that comes and goes. */
  readonly slots: readonly Slot[];
  readonly spare: Slot;
  /** Transactions that were committed on connections that can be read, and those of several topics among them. */
  readonly transactions: { all: number; spanning: number };
  /** Where the data of all parts is. */
  readonly data: string;
  /** What the processors need is taken away while `work` goes on: one that starts meanwhile may refuse to. */
  deprive(work: () => Promise<void>): Promise<void>;
  /** What every processor needs to go on is away while `work` goes on. */
  shut(work: () => Promise<void>): Promise<void>;
  isShut(): boolean;
  /** Gives the processors' principal another password: at the brokers and in the processors' file, one after the other. */
  changePassword(first: 'file' | 'brokers', between: () => Promise<void>): Promise<void>;
  /** The proxies that TLS ends at show another certificate from now on. */
  exchangeCertificate(): Promise<void>;
  end(): Promise<void>;
}

/** Brokers, by id from 1. */
const BROKERS = 3;

/**
 * Faults can be aimed at what is under way where the proxy can read it: TLS ends there, and begins anew behind. That is
 * so for all slots but the last two, the one that comes and goes among them; theirs goes from end to end.
 *
 * @param count how many processors are meant to run
 */
export async function makeGround(count: number, log: Log): Promise<ChaosGround> {
  let papers: Papers | null = null;
  const shown = () => papers!;
  const transactions = { all: 0, spanning: 0 };
  const proxies: Proxies[] = [];
  for (let i = 0; i <= count; i++) {
    const isOpened = i < count - 1;
    proxies.push(await listen(isOpened ? opened(shown) : sealed, isOpened ? openedPostgres(shown) : sealed));
    for (const proxy of proxies[i]!.broker) {
      proxy.on('committed', (topics) => {
        transactions.all += 1;
        if (topics > 1) transactions.spanning += 1;
      });
    }
  }
  const inner: number[][] = [];
  for (let i = 0; i <= count; i++) inner.push(await freePorts(BROKERS));
  const ports = await freePorts(count + 1);
  const stack = await startCluster({
    listeners: proxies.map(({ broker }, i) => ({
      name: `SLOT${i}`,
      ports: inner[i]!,
      advertised: broker.map(({ port }) => port),
    })),
    onProgress: (line) => log.say(line),
  });
  const { access } = stack;
  const parts = partsOf(stack);
  const exchangeCertificate = async () => {
    const { cert, key } = await stack.certify('proxies');
    const [certificate, secret, ca] = [cert, key, access.ca].map((file) => readFileSync(file));
    papers = { cert: certificate!, key: secret!, ca: ca! };
  };
  await exchangeCertificate();
  const passwordFile = join(access.clients, 'tidemark.password');
  await writeFile(passwordFile, access.passwords.tidemark!, { mode: 0o600 });
  const { brokers, registryUrl, databaseUrl } = stack;
  const direct: Addresses = { brokers, registryUrl, databaseUrl };
  const ownUrl = await makeRole(databaseUrl);
  const [deprivations, closures] = [new UnderWay(), new UnderWay()];
  // Ends the processors, however this process goes.
  const keeper = new Keeper();
  const slots = proxies.map((own, i) => {
    for (const [k, proxy] of own.broker.entries()) proxy.leadTo(inner[i]![k]!);
    const { KAFKA_SASL_PASSWORD: _, ...rest } = environment(
      access,
      'tidemark',
      throughProxies(own, registryUrl, ownUrl),
    );
    const env = { ...rest, KAFKA_SASL_PASSWORD_FILE: passwordFile, TIDEMARK_HTTP_PORT: String(ports[i]) };
    return new Slot(`processor ${i}`, own, env, log, keeper, () => deprivations.isAny);
  });
  return {
    stack,
    parts,
    control: new Control(parts),
    settings: loadSettings({ env: environment(access, 'tidemark', direct) }).settings,
    direct,
    setUp: environment(access, 'tidemark-setup', { ...direct, databaseUrl: ownUrl }),
    slots: slots.slice(0, count),
    spare: slots[count]!,
    transactions,
    data: directoryOf(access),
    deprive: (work) => {
      for (const slot of slots) slot.deprive();
      return deprivations.during(() => closures.during(work));
    },
    shut: (work) => closures.during(work),
    isShut: () => closures.isAny,
    changePassword: async (first, between) => {
      const password = makePassword();
      const steps = [
        () => writeFile(passwordFile, password, { mode: 0o600 }),
        () => setPassword(access, 'tidemark', password),
      ];
      if (first === 'brokers') steps.reverse();
      await steps[0]!();
      await between();
      await steps[1]!();
    },
    exchangeCertificate,
    end: async () => {
      await Promise.all(slots.map((slot) => slot.kill()));
      for (const own of proxies) for (const far of FARS) for (const proxy of own[far]) proxy.close();
      await keeper.stop();
      await stack.stop();
    },
  };
}

/** Whether anything of a kind goes on: several may at once. */
class UnderWay {
  #count = 0;

  get isAny(): boolean {
    return this.#count > 0;
  }

  async during(work: () => Promise<void>): Promise<void> {
    this.#count += 1;
    try {
      await work();
    } finally {
      this.#count -= 1;
    }
  }
}

async function listen(broker: Door, database: Door): Promise<Proxies> {
  return {
    broker: await Promise.all(Array.from({ length: BROKERS }, () => TcpProxy.listen(watchKafka, broker))),
    database: [await TcpProxy.listen(watchPostgres, database)],
    registry: [await TcpProxy.listen(watchNothing)],
  };
}

/** A broker advertises its address: on the listener of each slot, that is at the slot's own proxies. */
function throughProxies({ broker, database, registry }: Proxies, registryUrl: string, databaseUrl: string): Addresses {
  const through = (url: string, [proxy]: readonly TcpProxy[]) => {
    const at = new URL(url);
    proxy!.leadTo(Number(at.port));
    at.port = String(proxy!.port);
    return at.href;
  };
  return {
    brokers: broker.map(({ port }) => `127.0.0.1:${port}`),
    registryUrl: through(registryUrl, registry),
    databaseUrl: through(databaseUrl, database),
  };
}

function directoryOf({ clients }: Access): string {
  return dirname(clients);
}

/** A role of the database that may make schemas in it, and no more. @returns how to connect as it */
async function makeRole(databaseUrl: string): Promise<string> {
  const url = new URL(databaseUrl);
  const [name, password] = ['chaos', makePassword()];
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    // It may not make roles: an administrator makes the one of those who read.
    await client.query(`CREATE ROLE ${NAME}_reader NOLOGIN`);
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    await client.query(`GRANT CREATE, TEMPORARY ON DATABASE ${url.pathname.slice(1)} TO ${name}`);
  } finally {
    await client.end();
  }
  Object.assign(url, { username: name, password });
  return url.href;
}
