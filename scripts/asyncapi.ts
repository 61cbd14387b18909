/**
 * The AsyncAPI document of the topics: names, partitions and configuration are those that `setup` makes with the settings'
 * defaults, payloads those of the schemas. Written here are only the meaning of headers and the operations.
 */
import { readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { stringify } from 'yaml';
import { setUpTopics } from '../src/kafka/setup.ts';
import type { Topics, WantedTopic } from '../src/kafka/topics.ts';
import { loadSettings, type Settings } from '../src/settings/index.ts';
import { subjectOf } from '../src/wire/registry.ts';
import { TRACK_EVENT_SCHEMA, VISIT_ENDED_SCHEMA } from '../src/wire/schemas.ts';

const text = (description: string, more: object = {}) => ({ type: 'string', description, ...more });
const number = (description: string) => text(description, { pattern: '^\\d+$' });

/** Headers are texts in UTF-8, numbers among them in decimal. */
const HEADERS = {
  'tidemark-received-at': number(
    'When it came first, ms since 1970: stands in for `received_at`. Retried dead letters carry it.',
  ),
  'tidemark-retry-of': text(
    'On a dead letter that was sent again: partition, offset and index of what was set aside, with colons between.',
    { pattern: '^\\d+:\\d+:\\d+$' },
  ),
  'tidemark-topic': text('The input topic that it comes from.'),
  'tidemark-partition': number('The input partition that it comes from.'),
  'tidemark-sequence': number(
    'Its number among all that this input partition gave out: over the output, dead-letter and late topics together, ' +
      'without a hole.',
  ),
  'tidemark-reason': text('Why it was set aside.'),
  'tidemark-error': text('What is wrong, in words.'),
  'tidemark-offset': number('The offset that it had in the input topic.'),
  'tidemark-timestamp': number('The timestamp that it had there, ms since 1970.'),
  'tidemark-visit-id': text('The visit that can change no more; absent where the event was past the horizon.', {
    format: 'uuid',
  }),
  'tidemark-index': number('With `input.format: tracardi`: which element of `events`, from 0.'),
  'tidemark-truncated': text(
    'Where it would not fit: it came without its value and, if need be, its own headers and its key.',
    { enum: ['true'] },
  ),
};
type Header = keyof typeof HEADERS;

const FROM: Header[] = ['tidemark-topic', 'tidemark-partition', 'tidemark-sequence'];
const SET_ASIDE: Header[] = [...FROM, 'tidemark-reason', 'tidemark-error', 'tidemark-offset', 'tidemark-timestamp'];

function headers(required: readonly Header[], optional: readonly Header[], reasons: readonly string[] = []) {
  const of = (name: Header) => (name === 'tidemark-reason' ? { ...HEADERS[name], enum: reasons } : HEADERS[name]);
  return {
    type: 'object',
    properties: Object.fromEntries([...required, ...optional].map((name) => [name, of(name)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

const BINDING = { bindingVersion: '0.5.0' };
const SESSION_ID = text('The session id: a session stays in one partition.', { minLength: 1, maxLength: 128 });

const avro = (schema: string) => ({
  contentType: 'application/vnd.apache.avro',
  payload: { schemaFormat: 'application/vnd.apache.avro+json;version=1.9.0', schema: JSON.parse(schema) as object },
  bindings: {
    kafka: {
      key: SESSION_ID,
      // A zero byte, the registry's id of the writer's schema in four bytes, and the record.
      ...{ schemaIdLocation: 'payload', schemaIdPayloadEncoding: 'confluent' },
      ...{ schemaLookupStrategy: 'TopicNameStrategy', ...BINDING },
    },
  },
});

/** A record of the input, unchanged. */
const asItCame = {
  contentType: 'application/octet-stream',
  payload: { description: 'The value of the record as it came: whatever bytes the producer wrote, or none.' },
  bindings: { kafka: { key: { type: ['string', 'null'], description: 'The key as it came.' }, ...BINDING } },
};

const messages = (settings: Settings) => ({
  TrackEvent: {
    name: 'TrackEvent',
    title: 'Track event',
    summary: 'One user interaction.',
    description:
      `In the Confluent wire format, by the schema under \`${subjectOf(settings.input.topic)}\` or a compatible evolution ` +
      'of it under any name space. With `input.format: json` the same record as JSON, with `tracardi` Tracardi’s track ' +
      'payload. An event that comes again with the same `event_id` counts once.',
    headers: headers([], ['tidemark-received-at', 'tidemark-retry-of']),
    ...avro(TRACK_EVENT_SCHEMA),
  },
  VisitEnded: {
    name: 'VisitEnded',
    title: 'Visit Ended',
    summary: 'A visit has ended, or what was said of an ended visit has changed.',
    description:
      'Of a `visit_id`, the highest `revision` replaces the rest; one that is `retracted` takes the visit back. Each ' +
      '(visit, revision) comes once to a consumer that reads committed records, in order within a session.',
    headers: headers(FROM, []),
    ...avro(VISIT_ENDED_SCHEMA),
  },
  DeadLetter: {
    name: 'DeadLetter',
    title: 'Dead letter',
    summary: 'A record that cannot be decoded, breaks a bound, lies in the future or found its visit full.',
    headers: headers(
      SET_ASIDE,
      ['tidemark-received-at', 'tidemark-index', 'tidemark-truncated'],
      ['undecodable', 'invalid', 'future', 'visit_full'],
    ),
    ...asItCame,
  },
  LateEvent: {
    name: 'LateEvent',
    title: 'Late event',
    summary: 'A record of an event that came too late to amend its visit, or is past the horizon.',
    headers: headers(
      SET_ASIDE,
      ['tidemark-visit-id', 'tidemark-received-at', 'tidemark-index', 'tidemark-truncated'],
      ['late'],
    ),
    ...asItCame,
  },
});

const FIRST_LINE =
  '# Made by scripts/docs-asyncapi.mjs from schemas/, the settings and scripts/asyncapi.ts: change those.\n';

/** docs/asyncapi.yaml, whole. */
export async function asyncApiYaml(): Promise<string> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return FIRST_LINE + stringify(await document(version), { lineWidth: 120, aliasDuplicateObjects: false });
}

async function document(version: string): Promise<object> {
  const { settings } = loadSettings({ flags: { config: devNull } });
  const wanted = await topicsOfSetup(settings);
  const channel = (topic: string, message: string, title: string) => ({
    address: topic,
    title,
    messages: { [message]: { $ref: `#/components/messages/${message}` } },
    bindings: { kafka: channelBinding(wanted.get(topic)!) },
  });
  const operation = (action: 'send' | 'receive', name: string, message: string, summary: string) => ({
    action,
    channel: { $ref: `#/channels/${name}` },
    summary,
    messages: [{ $ref: `#/channels/${name}/messages/${message}` }],
    bindings: { kafka: { ...clientOf(action, settings), ...BINDING } },
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'tidemark',
      version,
      description:
        'Reads track events from one topic and publishes `Visit Ended` to another. Names, partitions and configuration ' +
        'are those of the default settings; actions are tidemark’s: what it receives others send, and what it sends ' +
        'others receive, with `isolation.level=read_committed`. Records that tidemark writes carry the time of writing as ' +
        'their timestamp.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/vnd.apache.avro',
    servers: {
      default: {
        host: settings.kafka.brokers.join(','),
        protocol: 'kafka',
        description: '`kafka.brokers` and `registry.url` as they are unless set.',
        bindings: {
          kafka: { schemaRegistryUrl: settings.registry.url[0], schemaRegistryVendor: 'confluent', ...BINDING },
        },
      },
    },
    channels: {
      tracks: channel(settings.input.topic, 'TrackEvent', 'Input'),
      sessionEnded: channel(settings.output.topic, 'VisitEnded', 'Output'),
      deadLetter: channel(settings.deadLetter.topic, 'DeadLetter', 'Dead letters'),
      late: channel(settings.late.topic, 'LateEvent', 'Late events'),
    },
    operations: {
      foldTrackEvents: operation('receive', 'tracks', 'TrackEvent', 'Folds track events into visits.'),
      publishVisitEnded: operation('send', 'sessionEnded', 'VisitEnded', 'Publishes each revision of a visit, once.'),
      setDeadLettersAside: operation('send', 'deadLetter', 'DeadLetter', 'Sets aside what cannot be folded, once.'),
      retryDeadLetters: operation(
        'send',
        'tracks',
        'TrackEvent',
        'Sends a dead letter again, once: `dead-letter retry`.',
      ),
      setLateEventsAside: operation('send', 'late', 'LateEvent', 'Sets aside what comes too late, once.'),
    },
    components: { messages: messages(settings) },
  };
}

/** The topics that `setup` would make on an empty cluster, by name. */
async function topicsOfSetup(settings: Settings): Promise<ReadonlyMap<string, WantedTopic>> {
  const made = new Map<string, WantedTopic>();
  const none: Pick<Topics, 'describe' | 'make' | 'require'> = {
    describe: async () => null,
    make: async (wanted) => {
      made.set(wanted.topic, wanted);
      return true;
    },
    require: async (topic) => ({ topic, partitions: made.get(topic)!.partitions, replicas: 0, config: null }),
  };
  await setUpTopics(none as Topics, settings);
  return made;
}

function channelBinding({ topic, partitions, replicationFactor, config }: WantedTopic) {
  const { 'cleanup.policy': cleanup, 'max.message.bytes': maxBytes, ...rest } = config;
  const topicConfiguration = {
    ...rest,
    ...(cleanup === undefined ? {} : { 'cleanup.policy': cleanup.split(',') }),
    ...(maxBytes === undefined ? {} : { 'max.message.bytes': Number(maxBytes) }),
  };
  const replicas = replicationFactor === null ? {} : { replicas: replicationFactor };
  return { topic, partitions, ...replicas, topicConfiguration, ...BINDING };
}

function clientOf(action: 'send' | 'receive', { kafka }: Settings) {
  const clientId = { type: 'string', enum: [kafka.clientId] };
  return action === 'send' ? { clientId } : { groupId: { type: 'string', enum: [kafka.group] }, clientId };
}
