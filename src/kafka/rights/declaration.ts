/**
 * Every right at the brokers that any program needs, declared once: what `setup --print-grants` prints, what `run` asks
 * the brokers for at its start and while it runs, what a missing right is called, and the table of docs/RUNNING.md come
 * from here.
 *
 * Only what is not implied by another is declared: Read and Write imply Describe.
 */
import type { Settings } from '../../settings/index.ts';

/** Who needs rights. `reader`: `status`, `dead-letter` and `late` with `list` and `show`. */
export const USES = ['setup', 'run', 'retry', 'simulate', 'reader', 'producer', 'consumer'] as const;
export type Use = (typeof USES)[number];

/** As Kafka's tools write them. */
export type Operation = 'Read' | 'Write' | 'Create' | 'Describe' | 'DescribeConfigs';
export type ResourceType = 'topic' | 'group' | 'transactional-id';

export interface Resource {
  readonly type: ResourceType;
  readonly name: string;
  /** `prefixed`: all whose names begin so. */
  readonly pattern: 'literal' | 'prefixed';
}

export interface Right {
  readonly resource: Resource;
  readonly operation: Operation;
  /** What it is needed for. */
  readonly why: string;
  /** What happens where it is missing; null: the work cannot be done. */
  readonly without: string | null;
}

type On =
  | 'input'
  | 'output'
  | 'deadLetter'
  | 'late'
  | 'group'
  | 'positions'
  | 'producers'
  | 'retryProducer'
  | 'consumerGroup';

/** A right of a use: an operation on resources. */
export interface Declared {
  readonly on: readonly On[];
  readonly operation: Operation;
  readonly why: string;
  readonly without?: string;
}

const GIVEN_OUT = ['output', 'deadLetter', 'late'] as const;
const TOPICS = ['input', ...GIVEN_OUT] as const;

export const RIGHTS: Readonly<Record<Use, readonly Declared[]>> = {
  setup: [
    { on: TOPICS, operation: 'Create', why: 'make them where they are missing' },
    { on: TOPICS, operation: 'Describe', why: 'see whether they are there, and their partitions' },
    {
      on: TOPICS,
      operation: 'DescribeConfigs',
      why: 'compare those that exist with what it would make',
      without: 'it says of each that its configuration could not be read',
    },
  ],
  run: [
    { on: ['input'], operation: 'Read', why: 'read the records' },
    {
      on: ['input'],
      operation: 'DescribeConfigs',
      why: 'see whether the broker stamps the records',
      without: 'it warns that this cannot be checked',
    },
    { on: GIVEN_OUT, operation: 'Write', why: 'publish' },
    {
      on: GIVEN_OUT,
      operation: 'Read',
      why: 'find the position again where Kafka does not know it; show in the console what was set aside',
    },
    {
      on: GIVEN_OUT,
      operation: 'DescribeConfigs',
      why: 'see how large a message may be',
      without: "it warns, and takes the brokers' default of 1,048,588 bytes",
    },
    { on: ['group'], operation: 'Read', why: 'share the partitions among instances; show offsets to lag tools' },
    { on: ['positions'], operation: 'Read', why: 'keep in Kafka how far each partition is published' },
    { on: ['producers'], operation: 'Write', why: 'publish in transactions' },
  ],
  retry: [
    { on: ['deadLetter'], operation: 'Read', why: 'read the dead letters' },
    { on: ['input'], operation: 'Write', why: 'send them again' },
    { on: ['input'], operation: 'Read', why: 'see what a retry before it, which did not end, has sent' },
    { on: ['input'], operation: 'DescribeConfigs', why: 'see how large a record may be' },
    { on: ['retryProducer'], operation: 'Write', why: 'send in transactions' },
  ],
  simulate: [{ on: ['input'], operation: 'Write', why: 'write the traffic' }],
  reader: [
    { on: ['input'], operation: 'Read', why: 'tell the lag, and which schema the next record waits for' },
    { on: ['deadLetter', 'late'], operation: 'Read', why: 'list and show what was set aside' },
    {
      on: ['group'],
      operation: 'Describe',
      why: 'tell who has a partition where Postgres does not know',
      without: 'it takes who is not connected to Postgres for gone',
    },
  ],
  producer: [{ on: ['input'], operation: 'Write', why: 'write track events' }],
  consumer: [
    { on: ['output'], operation: 'Read', why: 'read Visit Ended' },
    { on: ['consumerGroup'], operation: 'Read', why: 'share the partitions among consumers' },
  ],
};

/** Settings that name resources. */
export type Named = Pick<Settings, 'input' | 'output' | 'deadLetter' | 'late'> & {
  readonly kafka: Pick<Settings['kafka'], 'group'>;
};

/** The rights that a use needs. @param consumerGroup of the consumers of the output */
export function rightsFor(use: Use, settings: Named, consumerGroup = CONSUMER_GROUP): Right[] {
  return RIGHTS[use].flatMap(({ on, operation, why, without = null }) =>
    on.map((each) => ({ resource: resourceOf(each, settings, consumerGroup), operation, why, without })),
  );
}

/** The group of the consumers of the output, unless one is given. */
export const CONSUMER_GROUP = 'visit-consumers';

export function resourceOf(on: On, settings: Named, consumerGroup: string): Resource {
  const { kafka, input, output, deadLetter, late } = settings;
  const { group } = kafka;
  const literal = (type: ResourceType, name: string): Resource => ({ type, name, pattern: 'literal' });
  switch (on) {
    case 'input':
      return literal('topic', input.topic);
    case 'output':
      return literal('topic', output.topic);
    case 'deadLetter':
      return literal('topic', deadLetter.topic);
    case 'late':
      return literal('topic', late.topic);
    case 'group':
      return literal('group', group);
    case 'positions':
      return literal('group', `${group}.outbox`);
    case 'producers':
      return { type: 'transactional-id', name: `${group}.${input.topic}.`, pattern: 'prefixed' };
    case 'retryProducer':
      return literal('transactional-id', `${group}.${input.topic}.retry`);
    case 'consumerGroup':
      return literal('group', consumerGroup);
  }
}
