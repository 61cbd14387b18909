import { describe, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { PARTITIONS, type TestPipeline, withPipeline } from '../e2e/support/pipeline.ts';
import type { Program } from '../e2e/support/program.ts';
import { plainEvent } from '../e2e/support/traffic.ts';
import { plainKafka, sendEach } from '../support/plain-kafka.ts';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { alerts, figures, selectors } from './support/expressions.ts';
import { type History, Prometheus, whyNoPrometheus } from './support/prometheus.ts';
import { RegistryDoor } from './support/registry-door.ts';

const why = whyNoPrometheus();
const describePrometheus =
  why === null ? describeReal : (name: string, tests: () => void) => describe.skip(`${name} (skipped: ${why})`, tests);

/** What can become of a record: the keys of `Counts` but those that count records and events. */
const FATES = [
  ...(['started', 'joined', 'merged', 'duplicate', 'late', 'undecodable', 'invalid', 'future', 'visitFull'] as const),
  ...(['amended', 'retracted', 'endedInactivity', 'endedExplicit', 'endedMaxDuration', 'endedMaxEvents'] as const),
];

describePrometheus('what a processor shows to Prometheus on a bad day', () => {
  test('every figure of the dashboard moves, and every alert names series that are there', async () => {
    const prometheus = await Prometheus.start();
    const door = await RegistryDoor.open(stack());
    // Producers stamp the records, so that a test can stamp one earlier than it should be.
    const env = { TIDEMARK_INPUT_TIMESTAMPS: 'create', TIDEMARK_OUTBOX_MAX_BYTES: '1MB' };
    try {
      await withPipeline(stack(), 'figures', (pipeline) => badDay(pipeline, prometheus, door), env);
    } finally {
      await prometheus.stop();
      await door.close();
    }
  });
});

async function badDay(pipeline: TestPipeline, prometheus: Prometheus, door: RegistryDoor): Promise<void> {
  await pipeline.setUp();
  // With a heap this small there is garbage to collect within seconds.
  const registry = { SCHEMA_REGISTRY_URL: door.url, SCHEMA_REGISTRY_TLS_CA: '' };
  const run = () => pipeline.run({ ...registry, NODE_OPTIONS: '--max-semi-space-size=1' });
  const program = run();
  await program.ready();
  await prometheus.targets([urlOf(program)]);
  await prometheus.sees('tidemark_partition_running == 1');
  await pipeline.startWriting(1);

  await another(run, prometheus, program);
  await registryAway(pipeline, prometheus, door);
  await storeLocked(pipeline, prometheus);
  await storeCut(pipeline, prometheus);
  await outputRefused(pipeline, prometheus);
  await until('a record came to everything that it can', async () => {
    const counts = (await pipeline.status()).map((status) => status.counts);
    return FATES.every((fate) => counts.some((one) => one[fate] > 0));
  });
  await pipeline.stopWriting();
  await pipeline.settled();
  await stampedEarlier(pipeline, prometheus);

  expect(await still(prometheus)).toEqual([]);
  expect(await absent(prometheus)).toEqual([]);
  expect(await prometheus.brokenRules()).toEqual([]);
}

/** Another processor comes, takes some partitions, and leaves. */
async function another(run: () => Program, prometheus: Prometheus, first: Program): Promise<void> {
  const second = run();
  await second.ready();
  await prometheus.targets([urlOf(first), urlOf(second)]);
  await prometheus.sees('count(tidemark_group_member == 1) == 2');
  await second.stop();
  await prometheus.sees('sum(tidemark_partition_running) == 3 and count(tidemark_info) == 1');
}

/** Records of a schema that only the registry knows, while it is away. */
async function registryAway(pipeline: TestPipeline, prometheus: Prometheus, door: RegistryDoor): Promise<void> {
  door.isOpen = false;
  const writer = await pipeline.writer();
  await writer.write(Array.from({ length: 30 }, (_, i) => plainEvent(`unseen-${i}`, {}, 'unseen')));
  await prometheus.sees(
    'min(tidemark_partition_waiting_seconds{for="registry"}) > 2 and min(tidemark_lag_seconds) > 2',
  );
  door.isOpen = true;
  await prometheus.sees('max(tidemark_partition_waiting_seconds{for="registry"}) < 1');
}

/** Another session holds a lock that commits need, for as long as folding has room in memory. */
async function storeLocked(pipeline: TestPipeline, prometheus: Prometheus): Promise<void> {
  const other = await pipeline.connect();
  try {
    await other.query('BEGIN');
    await other.query('SELECT 1 FROM partition_state FOR UPDATE');
    // More than commit.max_bytes takes, twice.
    const events = Array.from({ length: 300 }, (_, i) => plainEvent(`locked-${i}-${crypto.randomUUID()}`));
    await (await pipeline.writer()).write(events);
    await prometheus.sees('max(tidemark_partition_waiting_seconds{for="store"}) > 1');
  } finally {
    // This releases the lock.
    await other.end();
  }
  await prometheus.sees('max(tidemark_partition_waiting_seconds{for="store"}) < 1');
}

/** A partition's connection to Postgres is cut. */
async function storeCut(pipeline: TestPipeline, prometheus: Prometheus): Promise<void> {
  const database = await pipeline.database();
  await database.query('SELECT pg_terminate_backend(owner_pid) FROM partition_state WHERE partition = 0');
  await prometheus.sees('tidemark_failures_total{part="store"} > 0');
}

/** The output topic takes no message until more wait than may. */
async function outputRefused(pipeline: TestPipeline, prometheus: Prometheus): Promise<void> {
  const admin = await pipeline.admin();
  const configure = (name: string, value: string) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: `${pipeline.name}-ended`,
          configEntries: [{ name, value }],
        },
      ],
    });
  // The broker's own markers of a transaction still fit.
  await configure('max.message.bytes', '150');
  await prometheus.sees('tidemark_failures_total{part="broker"} > 0');
  const writer = await pipeline.writer();
  // Dead letters are as large as their records: these fill the outbox.
  for (let i = 0; i < 60; i++) {
    await writer.write([{ ...plainEvent(`heavy-${i}`), what: Buffer.alloc(100_000, 1), partition: i % 3 }]);
  }
  await prometheus.sees('max(tidemark_partition_waiting_seconds{for="publisher"}) > 1');
  await prometheus.sees('max(tidemark_outbox_age_seconds) > 6');
  await configure('cleanup.policy', 'delete');
  await prometheus.sees('max(tidemark_outbox_messages) < 100 and max(tidemark_outbox_age_seconds) < 3');
}

/** A record comes that was stamped before the time by which the clock alone has ended visits. */
async function stampedEarlier(pipeline: TestPipeline, prometheus: Prometheus): Promise<void> {
  const producer = kafkajs.Partitioners.DefaultPartitioner;
  const earlier = Date.now() - 20_000;
  const client = plainKafka(pipeline.parts);
  const writer = client.producer({ createPartitioner: producer });
  await writer.connect();
  const messages = [0, 1, 2].map((partition) => ({
    key: 'k',
    value: 'stamped',
    partition,
    timestamp: String(earlier),
  }));
  await sendEach(writer, pipeline.name, PARTITIONS, messages);
  await writer.disconnect();
  await prometheus.sees('sum(increase(tidemark_anticipations_wrong_total[1m])) > 0');
  await prometheus.sees('sum(increase(tidemark_clock_regressions_total[1m])) > 0');
}

// --------------------------------------------------------------------------------------------------------- what moved

const inGrafana = (expr: string) =>
  expr.replaceAll('$__rate_interval', '5s').replace(/\$(namespace|job|instance)\b/g, '.*');

/** Moves only if the brokers stamp the records, which here the producers do: test/e2e/stamps.e2e.test.ts. */
const OF_STAMPS = 'tidemark_unstamped_records_total';

/** Figures that show nothing, only zero, or the same all the time; or whose legend names a label that does not exist. */
async function still(prometheus: Prometheus): Promise<string[]> {
  const found: string[] = [];
  for (const { panel, expr, labels } of figures()) {
    const history = await prometheus.history(inGrafana(expr));
    const { series } = history;
    const unnamed = labels.filter((label) => series.some(({ metric }) => !(label in metric)));
    if (!moves(history) && !expr.includes(OF_STAMPS))
      found.push(`${panel}: ${expr} does not move: ${JSON.stringify(series).slice(0, 300)}`);
    if (unnamed.length > 0) found.push(`${panel}: the series of ${expr} have no ${unnamed.join(', ')}`);
  }
  return found;
}

/** Whether a series changes; its absence counts as another value. */
function moves({ series, steps }: History): boolean {
  const samples = series.flatMap(({ values }) => values.filter(([, value]) => value !== 'NaN'));
  const values = new Set(samples.map(([, value]) => value));
  const there = new Set(samples.map(([at]) => at)).size;
  return [...values].some((value) => Number(value) !== 0) && (values.size > 1 || there < steps);
}

/** Series that alerts select and no processor shows. */
async function absent(prometheus: Prometheus): Promise<string[]> {
  const wanted = new Set(alerts().flatMap(({ expr }) => selectors(expr)));
  const found: string[] = [];
  for (const selector of wanted) if ((await prometheus.history(selector)).series.length === 0) found.push(selector);
  return found;
}

function urlOf(program: Program): string {
  return String(program.log().find(({ msg }) => msg === 'listening')!.url);
}
