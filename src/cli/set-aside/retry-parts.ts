import type pg from 'pg';
import type { ClusterLink } from '../../kafka/cluster.ts';
import type { Resender } from '../../kafka/resender.ts';
import type { Filter } from '../../set-aside/read.ts';
import type { SetAsideRecord } from '../../set-aside/record.ts';
import type { InputTopic } from '../../set-aside/resendable.ts';
import type { Settings } from '../../settings/index.ts';
import { Failure } from '../failure.ts';
import type { KafkaParts } from '../kafka.ts';
import type { ProgressLine } from '../progress-line.ts';
import type { Position } from './options.ts';

/** The records at the positions; where none is given, those that pass the filter. */
export async function* selectRecords(
  link: ClusterLink,
  topic: string,
  at: readonly Position[],
  filter: Filter,
  progress: ProgressLine,
): AsyncGenerator<SetAsideRecord> {
  const { readOne, readSetAside } = await import('../../set-aside/read.ts');
  if (at.length === 0) {
    yield* readSetAside(link, topic, filter, ({ done, total }) => progress.at(done, total));
    return;
  }
  for (const { partition, offset } of at) {
    const record = await readOne(link, topic, partition, offset);
    if (record === null) throw new Failure(1, `no dead letter at ${partition}:${offset} in ${topic}`);
    yield record;
  }
}

/** @throws Failure where the state is of another input: what was retried there has nothing to do with this one */
export async function inputOf(
  settings: Settings,
  client: pg.Client,
  { kafka }: KafkaParts,
  link: ClusterLink,
): Promise<InputTopic> {
  const [{ partitionsOf }, { messageLimits }, { readMeta }] = await Promise.all([
    import('../../kafka/offsets.ts'),
    import('../../kafka/layout.ts'),
    import('../../postgres/meta.ts'),
  ]);
  const { topic, format } = settings.input;
  const kept = (await readMeta(client))?.inputTopic ?? topic;
  if (kept !== topic) {
    const { schema } = settings.database;
    throw new Failure(
      2,
      `schema ${schema} was folded from topic ${kept}, and input.topic is ${topic}: set one of the two right`,
    );
  }
  const partitions = await link.ask(`partitions of ${topic}`, (cluster) => partitionsOf(cluster, topic));
  const admin = kafka.admin();
  try {
    await admin.connect();
    const limits = await messageLimits(admin, { output: topic, 'dead-letter': topic, late: topic });
    return { topic, format, partitions: partitions.length, maxBytes: limits.get('output')! };
  } finally {
    await admin.disconnect();
  }
}

/** @throws Failure where another retry is at work */
export async function openResender(
  settings: Settings,
  client: pg.Client,
  { kafka, logger }: KafkaParts,
): Promise<Resender> {
  const [{ Resender }, { lockRetry }] = await Promise.all([
    import('../../kafka/resender.ts'),
    import('../../postgres/retried.ts'),
  ]);
  if (!(await lockRetry(client))) {
    throw new Failure(
      1,
      'another `tidemark dead-letter retry` is at work on this schema: wait until it is through, or end it',
    );
  }
  const { topic } = settings.input;
  return await Resender.open(kafka, topic, `${settings.kafka.group}.${topic}.retry`, logger);
}
