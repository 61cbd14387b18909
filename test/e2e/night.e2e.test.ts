/** Each row of the table in docs/OPERATIONS.md, *What one sees*, is made to happen, and all four show what it states. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import { kafkaClient } from '../../src/kafka/client.ts';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { dropMember } from '../../src/kafka/group.ts';
import { rightsFor } from '../../src/kafka/rights/declaration.ts';
import { startJava, whyNotJava } from '../../src/local/java.ts';
import { sqlGrants } from '../../src/postgres/grants.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { TcpProxy } from '../chaos/proxy.ts';
import { RegistryDoor } from '../deploy/support/registry-door.ts';
import { kafkaAddress, type Parts, partsOf, withDatabase } from '../support/parts.ts';
import { type TestServer, TestServers } from '../support/postgres-server.ts';
import { silentMember } from '../support/silent-member.ts';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { rowsOfRunbook, silentOf, type Tells, tellsOf } from './support/night.ts';
import { fakeLogInQuestion } from './support/night-fake.ts';
import { PARTITIONS, TestPipeline, withOutput } from './support/pipeline.ts';
import { as, closeLinks, give, noPrincipals, take } from './support/principals.ts';
import type { Program } from './support/program.ts';
import { plainEvent } from './support/traffic.ts';

/** A role that may fold, and owns nothing. */
const RUN = 'tidemark_run';

/** Why a row cannot be made to happen here; null: it can. */
const missing: Readonly<Record<string, string | null>> = {
  'The right to publish is missing': noPrincipals,
  'The brokers refuse the login': noPrincipals,
  'The brokers are away': await whyNotJava(process.env),
};

/** A fault that lasts. */
interface Lasting {
  readonly tells: Tells;
  /** Mends it, and sees that all goes on. */
  readonly mend: () => Promise<void>;
}

describeReal('of each fault of the runbook `status`, `/readyz`, alerts and log say the same', () => {
  const servers = new TestServers();
  const pipelines: TestPipeline[] = [];
  const proxies: TcpProxy[] = [];
  let server: TestServer;
  let proxy: TcpProxy;
  let door: RegistryDoor;
  /** One that is mended after each fault, and its processor. */
  let common: TestPipeline;
  let program: Program;

  beforeAll(async () => {
    server = await servers.start();
    proxy = await TcpProxy.listen(() => ({ underWay: new Set(), up: () => {}, down: () => {} }));
    proxies.push(proxy);
    proxy.leadTo(server.port);
    door = await RegistryDoor.open(stack());
    common = await begun();
    await server.sql(`CREATE ROLE ${RUN} LOGIN PASSWORD 'secret'`);
    const options = { database: 'tidemark', schema: common.name, owner: 'tidemark', run: RUN, retry: RUN, reader: RUN };
    for (const { role, sql } of sqlGrants(options)) if (role === 'run') for (const one of sql) await server.sql(one);
    program = common.run({ DATABASE_URL: through(RUN), SCHEMA_REGISTRY_URL: door.url, SCHEMA_REGISTRY_TLS_CA: '' });
    await withOutput(common, () => program.ready());
    await common.startWriting(1, 20);
    await foldedOn();
  });

  afterAll(async () => {
    for (const each of proxies) {
      each.hold(false, false);
      each.close();
    }
    await Promise.all(pipelines.map((pipeline) => pipeline.end()));
    await Promise.all([closeLinks(), servers.stop(), door?.close()]);
  });

  /** The database's address behind the proxy. */
  function through(user = 'tidemark'): string {
    const url = new URL(server.url);
    url.port = String(proxy.port);
    url.username = user;
    return url.href;
  }

  /** A pipeline that is set up; `status` and all else go through the proxy. */
  async function begun(env: Record<string, string> = {}, parts: Parts = stack()): Promise<TestPipeline> {
    const pipeline = new TestPipeline(withDatabase(parts, server.url), 'night', {
      ...{ TIDEMARK_WORKERS: '1', TIDEMARK_LOG_LEVEL: 'info', DATABASE_URL: through() },
      ...env,
    });
    pipelines.push(pipeline);
    await pipeline.setUp();
    return pipeline;
  }

  async function foldedOn(): Promise<void> {
    const sum = async () => (await common.status()).reduce((all, { nextOffset }) => all + nextOffset, 0);
    const before = await sum();
    await until('folding goes on', async () => (await sum()) > before);
    await program.ready();
  }

  const onCommon = (mend: () => Promise<unknown> | unknown): Lasting => {
    const skip = program.log().length;
    return {
      tells: tellsOf(program, common.env, skip),
      mend: async () => {
        await mend();
        await foldedOn();
      },
    };
  };

  /** Of a pipeline of its own, which is ended after it. */
  const onOwn = (pipeline: TestPipeline, own: Program, mend: () => Promise<unknown> | unknown = () => {}): Lasting => ({
    tells: tellsOf(own, pipeline.env, 0),
    mend: async () => {
      await mend();
      await pipeline.end();
    },
  });

  /** One whose user has the rights of `run` and no others. */
  async function withRights(): Promise<TestPipeline> {
    const pipeline = await begun();
    await give(await pipeline.admin(), rightsFor('run', pipeline.settings), 'run');
    return pipeline;
  }

  async function sql(text: string): Promise<void> {
    await server.sql(`SET search_path TO ${common.name}; ${text}`);
  }

  const CASES: Readonly<Record<string, () => Promise<Lasting> | Lasting>> = {
    'Connections to Postgres that are open get no answers, new ones do': () => {
      const fault = onCommon(() => {});
      for (const link of proxy.links) link.hold(false, true);
      return fault;
    },

    'Postgres answers nobody': () => {
      const fault = onCommon(() => proxy.hold(false, false));
      proxy.hold(false, true);
      return fault;
    },

    'A COMMIT waits for a synchronous standby that is gone': async () => {
      const named = async (names: string) => {
        await server.sql(`ALTER SYSTEM SET synchronous_standby_names TO '${names}'`);
        await server.sql('SELECT pg_reload_conf()');
      };
      const fault = onCommon(() => named(''));
      await named('nobody');
      return fault;
    },

    'Postgres refuses connections': () => {
      const fault = onCommon(() => proxy.refuse(false));
      proxy.refuse(true);
      proxy.cut();
      return fault;
    },

    'A commit is refused each time': async () => {
      // In a way that a look at its rights does not find: the column alone.
      const fault = onCommon(() => sql('DROP TRIGGER refuse ON partition_state; DROP FUNCTION refuse'));
      await sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.commit_number > OLD.commit_number THEN
            RAISE insufficient_privilege USING MESSAGE = 'permission denied for table visit_chunk'; END IF;
          RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON partition_state FOR EACH ROW EXECUTE FUNCTION refuse()`);
      return fault;
    },

    'Another processor takes the partition again and again': () => {
      const store = new PostgresStore<never>({ url: server.url, schema: common.name, owner: 'another:1' });
      const stop = new AbortController();
      const taking = (async () => {
        while (!stop.signal.aborted) {
          const lease = await store.takeOver(0).catch(() => null);
          await new Promise((resolve) => setTimeout(resolve, 100));
          await lease?.release();
        }
      })();
      return onCommon(async () => {
        stop.abort();
        await taking;
        await store.close();
      });
    },

    'The schema registry is away, and a record has a schema not met before': async () => {
      const fault = onCommon(() => {
        door.isOpen = true;
      });
      door.isOpen = false;
      await (await common.writer()).write(Array.from({ length: 30 }, (_, i) => plainEvent(`new-${i}`, {}, 'unseen')));
      return fault;
    },

    'Whether the log is the one that was folded is in question': async () => ({
      tells: await fakeLogInQuestion(),
      mend: async () => {},
    }),

    'No processor is there': async () => {
      const pipeline = await begun();
      const own = pipeline.run();
      await own.ready();
      own.kill('SIGKILL');
      await own.over();
      return onOwn(pipeline, own);
    },

    'The consumer group deals its partitions out': async () => {
      const pipeline = await begun();
      const logger = pino({ level: 'silent' });
      const link = new ClusterLink(kafkaClient(kafkaAddress(stack()), logger), logger);
      const { name } = pipeline;
      const id = await silentMember(link, { topic: name, group: name, processor: 'silent:1', assigned: [0, 1, 2] });
      const own = pipeline.run();
      return onOwn(pipeline, own, async () => {
        await dropMember(link, name, id);
        await own.ready();
        await link.close();
      });
    },

    'The input topic is gone': async () => {
      const pipeline = await begun();
      const own = pipeline.run();
      await own.ready();
      await (await pipeline.admin()).deleteTopics({ topics: [pipeline.name] });
      expect(await own.over()).toEqual({ code: 1, signal: null });
      return onOwn(pipeline, own);
    },

    'The right to publish is missing': async () => {
      const pipeline = await withRights();
      const own = pipeline.run(as('run'));
      await own.ready();
      const write = rightsFor('run', pipeline.settings).find(({ operation, resource }) => {
        return operation === 'Write' && resource.name === `${pipeline.name}-ended`;
      })!;
      await take(await pipeline.admin(), write, 'run');
      await pipeline.startWriting(2, 20);
      return onOwn(pipeline, own);
    },

    'The brokers refuse the login': async () => {
      const pipeline = await withRights();
      const own = pipeline.run({ ...as('run'), KAFKA_SASL_PASSWORD: 'another' });
      expect(await own.over()).toEqual({ code: 3, signal: null });
      return onOwn(pipeline, own);
    },

    'The brokers are away': async () => {
      // No other test is to miss them.
      const away = await startJava({});
      const pipeline = await begun({}, partsOf(away));
      const own = pipeline.run();
      await own.ready();
      await away.broker.kill();
      return onOwn(pipeline, own, () => away.stop());
    },

    'An output topic is gone, and there is something to publish': async () => {
      const pipeline = await begun();
      const own = pipeline.run();
      await own.ready();
      await (await pipeline.admin()).deleteTopics({ topics: [`${pipeline.name}-ended`] });
      await pipeline.startWriting(2, 20);
      return onOwn(pipeline, own);
    },

    'The outbox is over its limit': async () => {
      const pipeline = await begun({ TIDEMARK_OUTBOX_MAX_BYTES: '1MB' });
      const own = pipeline.run();
      await own.ready();
      await (await pipeline.admin()).deleteTopics({ topics: [`${pipeline.name}-ended`] });
      await pipeline.startWriting(2, 20);
      await own.logs(/^publishing failed/);
      // Dead letters, which go out whole.
      const garbage = (i: number) => ({
        ...plainEvent(`${i}`),
        what: Buffer.alloc(20_000, i % 256),
        partition: i % PARTITIONS,
      });
      const writer = await pipeline.writer();
      for (let i = 0; i < 20; i++) {
        await writer.write(Array.from({ length: 5 * PARTITIONS }, (_, j) => garbage(5 * PARTITIONS * i + j)));
      }
      return onOwn(pipeline, own);
    },
  };

  test('no fault is made that the runbook does not have', () => {
    expect(Object.keys(CASES).sort()).toEqual(
      rowsOfRunbook()
        .map(({ what }) => what)
        .sort(),
    );
  });

  for (const row of rowsOfRunbook()) {
    const why = missing[row.what] ?? null;
    (why === null ? test : test.skip)(why === null ? row.what : `${row.what} (skipped: ${why})`, async () => {
      const begin = CASES[row.what];
      if (begin === undefined) throw new Error('no test makes this happen');
      await withOutput(common, async () => {
        const { tells, mend } = await begin();
        let silent: string[] = [];
        try {
          await until('all say so', async () => {
            silent = await silentOf(row, tells);
            return silent.length === 0;
          });
        } catch (error) {
          throw new Error(`${(error as Error).message}:\n${silent.join('\n')}`, { cause: error });
        } finally {
          await mend();
        }
      });
    });
  }
});
