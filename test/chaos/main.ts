/**
 * `npm run chaos -- --minutes N --seed S`: the built program on real parts under steady traffic, with a fault every few
 * seconds; then whether tables and topics are what the reference makes of the log. Exit 1 on any difference.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { readStatus } from '../../src/postgres/status.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { plainKafka } from '../e2e/support/kafka.ts';
import { type Ground, makeGround } from './ground.ts';
import { Load } from './load.ts';
import { Log } from './log.ts';
import { Progress } from './progress.ts';
import { isPassed, type Outcome, report } from './report.ts';
import { doHarm } from './schedule.ts';
import { type Addresses, environment, NAME } from './settings.ts';
import { judge } from './verdict.ts';

const PROCESSORS = 3;
/** How long draining may take after the last fault, ms. */
const DRAIN_WITHIN = 180_000;
/** Traffic before the first fault, ms: so that there is something to harm. */
const CALM = 6_000;

const options = readOptions();
const directory = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'));
const log = new Log(directory);
log.say(`${options.minutes} minutes, seed ${options.seed}, ${options.rate} events a second; logs in ${directory}`);
const ground = await makeGround(PROCESSORS, log);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void ground.end().finally(() => process.exit(130)));
}
let passed = false;
try {
  const outcome = await run(ground);
  passed = isPassed(outcome);
  const text = report(outcome);
  await writeFile(join(directory, 'report.txt'), text);
  process.stdout.write(`\n${text}\n`);
} catch (error) {
  log.say(`!! the run could not be ended: ${(error as Error).stack}`);
} finally {
  if (!passed) await keepData(ground);
  await ground.end();
}
const again = `npm run chaos -- --minutes ${options.minutes} --seed ${options.seed} --rate ${options.rate}`;
log.say(
  passed
    ? 'nothing lost, nothing twice'
    : `FAILED: logs and data are in ${directory}; the same plan of faults: ${again}`,
);
if (passed && !options.keep) await rm(directory, { recursive: true });
process.exit(passed ? 0 : 1);

async function run(ground: Ground): Promise<Outcome> {
  const { direct, slots, spare, stack } = ground;
  const { seed, rate, minutes } = options;
  const { settings } = loadSettings({ env: environment(direct) });
  setUp(direct);
  const load = await Load.open(direct, log);
  for (const slot of slots) slot.start();
  load.start(seed, rate);
  await sleep(CALM);
  const progress = new Progress(direct);
  progress.start();
  const { struck, errors, recovery } = await doHarm(seed, ground, Date.now() + minutes * 60_000, progress, log);
  log.say('faults and load end; what is left is folded and published');
  const ended = Date.now();
  await load.stop();
  const stuck = await drain(direct);
  const drained = Date.now() - ended;
  await progress.stop();
  log.say('processors stop');
  await Promise.all(slots.map((slot) => slot.stop()));
  log.say('tables and topics are compared with the reference');
  const verdict = await judge(
    direct,
    stack,
    settings,
    (await ends(direct)).reduce((sum, end) => sum + end, 0),
  );
  const complaints = [...slots, spare].flatMap((slot) => slot.complaints);
  const { all, one, anticipations } = progress;
  const wrong = [...stuck, ...errors, ...complaints];
  return { struck, verdict, all, one, recovery, anticipations, drained, complaints: wrong };
}

function setUp(direct: Addresses): void {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run chaos builds it, and so does npm run build`);
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...environment(direct) };
  const { status, stderr } = spawnSync(process.execPath, [main, 'setup'], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`tidemark setup: ${stderr}`);
}

async function ends({ brokers }: Addresses): Promise<number[]> {
  const admin = plainKafka({ brokers }).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(NAME);
  await admin.disconnect();
  return offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
}

/** Waits until all is folded, ended and published. @returns what is not, if that takes too long. */
async function drain(direct: Addresses): Promise<string[]> {
  const wanted = await ends(direct);
  const client = new pg.Client(direct.databaseUrl);
  await client.connect();
  await client.query(`SET search_path TO ${NAME}`);
  try {
    const deadline = Date.now() + DRAIN_WITHIN;
    for (;;) {
      const status = await readStatus(client);
      const left = wanted.flatMap((end, partition) => {
        const own = status.find((one) => one.partition === partition);
        const done = own && own.nextOffset >= end && own.openVisits === 0 && own.published === own.sequence;
        return done ? [] : [`partition ${partition} is stuck; it ends at ${end}: ${JSON.stringify(own)}`];
      });
      if (left.length === 0 || Date.now() > deadline) return left;
      await sleep(200);
    }
  } finally {
    await client.end();
  }
}

/** The data of broker and Postgres as they are when both have ended. */
async function keepData({ stack, slots, spare, data }: Ground): Promise<void> {
  await Promise.all([...slots, spare].map((slot) => slot.kill()));
  await Promise.all([stack.broker.kill('SIGTERM'), stack.database.kill('SIGINT')]);
  await cp(data, join(directory, 'data'), { recursive: true });
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rate: { type: 'string', default: '150' },
      keep: { type: 'boolean', default: false },
    },
  });
  const [minutes, seed, rate] = [values.minutes, values.seed, values.rate].map(Number) as [number, number, number];
  if (!(minutes > 0 && Number.isInteger(seed) && rate > 0)) {
    process.stderr.write('usage: npm run chaos -- [--minutes 2] [--seed 1] [--rate 150] [--keep]\n');
    process.exit(2);
  }
  return { minutes, seed, rate, keep: values.keep };
}
