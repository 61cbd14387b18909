import { Command, InvalidArgumentError } from 'commander';
import type { Settings } from '../settings/index.ts';
import { DEFAULT_TRAFFIC } from '../simulate/traffic.ts';
import { wallClock } from '../time/clock.ts';
import { time, wholeNumber } from './arguments.ts';
import { Failure, reach } from './failure.ts';
import type { ExitCode, Io } from './io.ts';
import { settingsOf, withSettings } from './settings-options.ts';

interface Options {
  readonly rate: number;
  readonly duration?: number;
  readonly events?: number;
  readonly seed?: number;
  readonly gap?: number;
  readonly profiles: number;
  readonly late: number;
  readonly resent: number;
  readonly broken: number;
  readonly signOut: number;
  readonly debug: number;
  readonly skewed: number;
}

export function simulateCommand(io: Io, _finish: (code: ExitCode) => void): Command {
  const D = DEFAULT_TRAFFIC;
  return withSettings(new Command('simulate'), ['kafka', 'registry', 'input', 'log'])
    .description('write believable traffic to the input topic: a shop, its visitors, and what goes wrong on the way')
    .option('--rate <n>', 'records a second', positive, D.rate)
    .option('--duration <time>', 'how long, like 30s or 5m (default: until Ctrl-C)', time)
    .option('--events <n>', 'how many records', wholeNumber)
    .option('--seed <n>', 'the same number gives the same visitors (default: any)', wholeNumber)
    .option('--gap <time>', 'visits pause less within, and more between (default: visit.gap)', time)
    .option('--profiles <n>', 'how many profiles', wholeNumber, D.profiles)
    .option('--late <share>', 'share of events that a device keeps back', share, D.late)
    .option('--resent <share>', 'share of events that are sent twice', share, D.resent)
    .option('--broken <share>', 'share of records that cannot be read', share, D.broken)
    .option('--sign-out <share>', 'share of visits that end with a sign-out', share, D.signOut)
    .option('--debug <share>', 'share of sessions that are debug traffic', share, D.debug)
    .option('--skewed <share>', 'share of sessions whose device has a wrong clock, and says so', share, D.skewed)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options, command: Command) => {
      const { settings } = settingsOf(command, io);
      await simulate(settings, options, io);
    });
}

const EXAMPLES = `
Examples:
  $ tidemark simulate --rate 100 --duration 5m
  $ tidemark simulate --rate 5000 --events 1000000 --late 0.05 --broken 0
`;

async function simulate(settings: Settings, options: Options, io: Io): Promise<void> {
  const [
    { EventWriter },
    { kafkaClient },
    { withRights },
    { quietly },
    { traffic },
    { writeTraffic },
    { untilSignal },
  ] = await Promise.all([
    import('./event-writer.ts'),
    import('../kafka/client.ts'),
    import('./rights.ts'),
    import('./logger.ts'),
    import('../simulate/traffic.ts'),
    import('../simulate/write.ts'),
    import('./signals.ts'),
  ]);
  const encode = await encoderFor(settings);
  const logger = quietly(settings.log, io);
  const topic = settings.input.topic;
  const brokers = `Kafka at ${settings.kafka.brokers.join(', ')}`;
  const reachKafka = <T>(action: () => Promise<T>) =>
    reach(brokers, 'kafka.brokers (KAFKA_BROKERS)', () => withRights('simulate', settings, logger, action));
  const ending = untilSignal();
  const writer = await reachKafka(() => EventWriter.open(kafkaClient(settings.kafka, logger), topic, logger));
  try {
    const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
    io.err(`writing to ${topic} at ${options.rate} records a second, seed ${seed}; Ctrl-C ends it\n`);
    let shown = Date.now();
    const written = await writeTraffic({
      records: traffic({ ...options, seed, gap: options.gap ?? settings.visit.gap, startAt: Date.now() }),
      encode,
      send: (events) => reachKafka(() => writer.send(events)),
      events: options.events ?? Number.POSITIVE_INFINITY,
      duration: options.duration ?? Number.POSITIVE_INFINITY,
      signal: ending.signal,
      now: Date.now,
      sleep: wallClock.sleep,
      onProgress: ({ records }) => {
        if (Date.now() - shown < 5_000) return;
        shown = Date.now();
        io.err(`${records} records\n`);
      },
    });
    const { records, late, resent, broken } = written;
    io.out(`wrote ${records} records: ${late} kept back and sent late, ${resent} resent, ${broken} unreadable\n`);
  } finally {
    ending.stop();
    await writer.close();
  }
}

async function encoderFor(settings: Settings) {
  const [{ registryEncoder, jsonEncoder }, { Registry, subjectOf }, { TRACK_EVENT_SCHEMA }] = await Promise.all([
    import('../simulate/encode.ts'),
    import('../wire/registry.ts'),
    import('../wire/schemas.ts'),
  ]);
  const { format, topic } = settings.input;
  if (format === 'json') return jsonEncoder();
  if (format === 'tracardi') throw new Failure(2, 'simulate writes avro and json: set input.format to one of them');
  const subject = subjectOf(topic);
  const registry = new Registry(settings.registry);
  const found = await registry.lookup(subject, TRACK_EVENT_SCHEMA);
  if (found !== null) return registryEncoder(registry, found.id);
  throw new Failure(1, `the registry has no TrackEvent under ${subject}: \`tidemark setup\` registers it`);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Write a number above 0.');
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('Write a share from 0 to 1.');
  return value;
}
