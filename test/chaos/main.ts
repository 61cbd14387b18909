/**
 * `npm run chaos -- --minutes N --seed S`: the built program on a cluster of three brokers under TLS, logins and least
 * rights, under steady traffic, with a fault every few seconds (`--calm`: none); then whether tables and topics are what
 * the reference makes of the log. Exit 1 on any difference.
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { rightsFor } from '../../src/kafka/rights/declaration.ts';
import { run as runProgram } from '../../src/local/run.ts';
import { readStatus } from '../../src/postgres/status.ts';
import { type ChaosGround, makeGround } from './ground.ts';
import { Lights } from './lights.ts';
import { Load } from './load.ts';
import { Log } from './log.ts';
import { options, patience } from './options.ts';
import { FoldProgress } from './progress.ts';
import { isPassed, type Outcome, report } from './report.ts';
import { doHarm } from './schedule.ts';
import { type Environment, FEWER, NAME, PARTITIONS, TOPICS } from './settings.ts';
import { ends, judge } from './verdict.ts';

const PROCESSORS = 3;
/** How long draining may take after the last fault, ms. */
const DRAIN_WITHIN = patience(180_000);
const END_WITHIN = patience(15_000);
/** How long a partition may not go on although it could: docs/GUARANTEES.md, ms. */
const GOES_ON_WITHIN = patience(60_000);
/** How long a start may take until every partition goes on, ms. */
const START_WITHIN = patience(120_000);
/** Traffic from then until the first fault, ms: so that there is something to harm. */
const CALM = 6_000;

/** What a record of the input's largest size takes with the headers of one that is set aside. */
const LARGER = { 'max.message.bytes': '1200000' };

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

async function run(ground: ChaosGround): Promise<Outcome> {
  const { direct, parts, slots, spare, stack } = ground;
  const { seed, rate, minutes, calm } = options;
  await setUp(ground);
  const load = await Load.open(parts, stack.access, log);
  for (const slot of slots) slot.start();
  load.start(seed, rate);
  const progress = new FoldProgress(direct, ground.isShut);
  progress.start();
  if ((await progress.allGoOn(START_WITHIN)) === null)
    throw new Error(`not all partitions go on after ${START_WITHIN} ms`);
  log.say('all partitions go on');
  await sleep(CALM);
  progress.forget();
  const lights = await Lights.open(slots, log);
  lights.start(progress);
  const until = Date.now() + minutes * 60_000;
  const { struck, errors, recovery } = calm
    ? await sleep(until - Date.now(), { struck: [], errors: [], recovery: 0 })
    : await doHarm(seed, ground, until, progress, log);
  await lights.stop();
  log.say('faults and load end; what is left is folded and published');
  const ended = Date.now();
  await load.stop();
  const stuck = await drain(ground);
  const drained = Date.now() - ended;
  await progress.stop();
  log.say('processors stop');
  await Promise.all(slots.map((slot) => slot.stop()));
  log.say('tables and topics are compared with the reference');
  const verdict = await judge(ground, load);
  const all = [...slots, spare];
  const complaints = all.flatMap((slot) => slot.complaints);
  const refusals = all.reduce((sum, slot) => sum + slot.refusals, 0);
  const { transactions } = ground;
  const { all: standstill, one, needless, anticipations } = progress;
  const long =
    needless.ms > GOES_ON_WITHIN
      ? [`one partition did not go on for ${needless.ms} ms, until ${new Date(needless.until).toISOString()}`]
      : [];
  const wrong = [...stuck, ...errors, ...complaints, ...lights.complaints, ...long];
  return {
    ...{
      struck,
      verdict,
      transactions,
      all: standstill,
      one,
      needless,
      recovery,
      anticipations,
      refusals,
      drained,
      stuck,
    },
    complaints: wrong,
  };
}

/** Each principal gets what the declaration of rights lists, and nothing else. */
async function setUp({ control, settings, setUp: env }: ChaosGround): Promise<void> {
  await control.grant('tidemark-setup', rightsFor('setup', settings));
  await control.grant('tidemark', rightsFor('run', settings));
  await control.grant('producer', rightsFor('producer', settings));
  // As others made them: dead letters and late records in another number of partitions.
  await control.createTopic(settings.input.topic, PARTITIONS, TOPICS.input);
  await control.createTopic(settings.deadLetter.topic, FEWER.deadLetter, LARGER);
  await control.createTopic(settings.late.topic, FEWER.late, LARGER);
  await tidemarkSetup(env);
}

async function tidemarkSetup(given: Environment): Promise<void> {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run chaos builds it, and so does npm run build`);
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...given };
  // This process has to go on meanwhile: the registry's door is in it.
  await runProgram(process.execPath, [main, 'setup'], { env });
}

/** Waits until all is folded, ended and published. @returns what is not, if that takes too long. */
async function drain({ direct, parts }: ChaosGround): Promise<string[]> {
  const wanted = await ends(parts);
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

/** The data of brokers and Postgres as they are when all have ended. */
async function keepData({ stack, slots, spare, data }: ChaosGround): Promise<void> {
  await Promise.all([...slots, spare].map((slot) => slot.kill()));
  const nodes = stack.nodes.map((node) => node.kill('SIGTERM'));
  // The last ones wait for a controller that is not there any more.
  const late = setTimeout(() => void Promise.all(stack.nodes.map((node) => node.kill('SIGKILL'))), END_WITHIN);
  await Promise.all([...nodes, stack.database.kill('SIGINT')]);
  clearTimeout(late);
  await cp(data, join(directory, 'data'), { recursive: true });
}
