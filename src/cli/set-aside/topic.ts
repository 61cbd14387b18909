import type { SetAsideRecord } from '../../set-aside/record.ts';
import type { Settings } from '../../settings/index.ts';
import { Failure } from '../failure.ts';
import type { Position } from './options.ts';

/** The two topics that records are set aside in. */
export interface AsideTopic {
  readonly command: 'dead-letter' | 'late';
  /** In sentences: `3 dead letters`. */
  readonly one: string;
  readonly many: string;
  readonly nameOf: (settings: Settings) => string;
}

export const DEAD_LETTER: AsideTopic = {
  command: 'dead-letter',
  one: 'dead letter',
  many: 'dead letters',
  nameOf: ({ deadLetter }) => deadLetter.topic,
};

export const LATE: AsideTopic = {
  command: 'late',
  one: 'late record',
  many: 'late records',
  nameOf: ({ late }) => late.topic,
};

/** @throws Failure where an error means that the topic, or a partition of it, is missing */
export async function inTopic<T>(topic: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { name, type, message } = error as { name?: string; type?: string; message: string };
    if (name === 'NoSuchPartition') throw new Failure(1, message, { cause: error });
    if (type !== 'UNKNOWN_TOPIC_OR_PARTITION' && name !== 'KafkaJSTopicMetadataNotLoaded') throw error;
    throw new Failure(1, `topic ${topic} is not there: \`tidemark setup\` makes it`, { cause: error });
  }
}

export function positionOf({ partition, offset }: Position): string {
  return `${partition}:${offset}`;
}

/** A record in the form of `--json`, without its value. Times in ms since the epoch. */
export function asJson(record: SetAsideRecord): Record<string, unknown> {
  const { raw, ...withoutRaw } = record;
  return { ...withoutRaw, key: raw.key?.toString() ?? null };
}
