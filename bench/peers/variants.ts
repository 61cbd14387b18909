/** The engines that are measured beside tidemark, and how to read what they print. */
import type { Measured } from '../report/measured.ts';
import type { Answer } from '../workload/answer.ts';

export interface Variant {
  /** As `--only` names it, whole or from its beginning. */
  readonly key: string;
  readonly name: string;
  /** In the directory of peers. */
  readonly folder: string;
  readonly args: (answer: Answer) => readonly string[];
  readonly read: (report: Json, answer: Answer) => Report;
}

export type Json = Readonly<Record<string, unknown>>;
type Report = Pick<Measured, 'seconds' | 'secondsFromStart' | 'peak' | 'visits' | 'events' | 'duplicates' | 'wrong'> & {
  readonly cpu: number;
};

export const VARIANTS: readonly Variant[] = [
  flink('heap', 'heap state'),
  flink('rocksdb', 'RocksDB'),
  kafkaStreams('hash', 'hash store'),
  kafkaStreams('rocks', 'RocksDB'),
];

/** @throws where none is meant. */
export function variantsOf(only: string | null): readonly Variant[] {
  const found = VARIANTS.filter(({ key }) => only === null || key === only || key.startsWith(`${only}-`));
  if (found.length > 0) return found;
  throw new Error(`--only ${only}: the peers are ${VARIANTS.map(({ key }) => key).join(', ')}`);
}

function flink(backend: string, state: string): Variant {
  return {
    key: `flink-${backend}`,
    name: `Flink, ${state}`,
    folder: 'flink',
    args: () => ['full', backend],
    read: (report, answer) => ({
      seconds: number(report, 'seconds_since_first_record'),
      secondsFromStart: number(report, 'seconds_since_jvm_start'),
      cpu: number(report, 'cpu_seconds'),
      peak: number(report, 'peak_rss_mb') * 2 ** 20,
      visits: number(report, 'visits'),
      events: number(report, 'events'),
      duplicates: number(report, 'duplicates'),
      wrong: differences(answer, report, {
        // The end of its input closes the visits of the closing events too.
        db_visits: answer.visits + answer.closing,
        db_events: answer.events + answer.closing,
        db_profiles_visits: answer.visits + answer.closing,
        db_profiles_events: answer.events + answer.closing,
      }),
    }),
  };
}

function kafkaStreams(store: string, state: string): Variant {
  return {
    key: `kafka-streams-${store}`,
    name: `Kafka Streams, ${state}`,
    folder: 'kafka-streams',
    // It knows that it is done by the number of visits.
    args: ({ events, visits }) => [
      'variant=full',
      `store=${store}`,
      'emit=close',
      `events=${events}`,
      `visits=${visits}`,
      'limit_s=1800',
    ],
    read: (report, answer) => ({
      seconds: number(report, 'seconds'),
      secondsFromStart: number(report, 'seconds_since_start'),
      cpu: number(report, 'cpu_s'),
      peak: number(report, 'peak_rss_mib') * 2 ** 20,
      visits: number(report, 'visits'),
      events: number(report, 'events'),
      duplicates: number(report, 'duplicates'),
      wrong: differences(answer, report, { done: true, profile_visits: answer.visits }),
    }),
  };
}

function differences({ events, visits }: Answer, report: Json, more: Json): string[] {
  return Object.entries({ visits, events, duplicates: 0, ...more })
    .filter(([name, right]) => report[name] !== right)
    .map(([name, right]) => `${name}: ${report[name]}, and ${right} is right`);
}

function number(report: Json, name: string): number {
  const value = report[name];
  if (typeof value !== 'number') throw new Error(`the peer's report has no ${name}: ${JSON.stringify(report)}`);
  return value;
}

/** The report among all that a peer prints: the first line of JSON with a number of visits. */
export function reportIn(output: string): Json {
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue;
    const report = JSON.parse(line) as Json;
    if ('visits' in report) return report;
  }
  throw new Error(`the peer printed no report. Its last lines: ${output.trim().split('\n').slice(-15).join('\n')}`);
}
