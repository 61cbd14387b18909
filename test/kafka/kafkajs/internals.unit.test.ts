import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { kafkaClient } from '../../../src/kafka/client.ts';
import { Decoder, Encoder } from '../../../src/kafka/kafkajs/encoding.ts';
import { errorOf, isFailure } from '../../../src/kafka/kafkajs/errors.ts';
import { clusterOf } from '../../../src/kafka/kafkajs/link.ts';
import * as pool from '../../../src/kafka/kafkajs/pool.ts';

const require = createRequire(import.meta.url);
const TYPES = readFileSync(new URL('../../../src/kafka/kafkajs/internals.d.ts', import.meta.url), 'utf8');

/** Class by class, the methods that the types declare. */
const CLASSES = TYPES.split(/^declare module /m)
  .slice(1)
  .flatMap((declared) => {
    const module = /^'([^']+)'/.exec(declared)![1]!;
    const body = /export default class \w+ \{\n(.*?)^ {2}\}/ms.exec(declared)?.[1];
    const methods = [...(body ?? '').matchAll(/^ {4}(\w+)(?:<\w+>)?\(/gm)].map(([, name]) => name!);
    return methods.map((method) => [module, method] as const).filter(([, method]) => method !== 'constructor');
  });

describe('the inside of KafkaJS is as our types have it', () => {
  test('they declare some', () => expect(CLASSES.length).toBeGreaterThan(40));

  test.each(CLASSES)('%s has the method %s', (module, method) => {
    expect(typeof (require(module) as { prototype: Record<string, unknown> }).prototype[method]).toBe('function');
  });

  test('it knows the requests that we send in its versions', () => {
    const { requests } = require('kafkajs/src/protocol/requests/index.js') as { requests: Record<string, unknown> };
    const names = [...TYPES.matchAll(/^ {4}\| '(\w+)'/gm)].map(([, name]) => name!);
    expect(names).toContain('DescribeConfigs');
    for (const name of names) expect(requests).toHaveProperty(name);
  });

  test('its errors have the names that are looked for', () => {
    expect(errorOf(3)).toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true });
    expect(errorOf(30)).toMatchObject({ type: 'GROUP_AUTHORIZATION_FAILED', retriable: false });
    expect([isFailure(0), isFailure(1)]).toEqual([false, true]);
  });

  test('its writer and reader agree on varints and on tags', () => {
    const { buffer } = new Encoder().writeUVarIntString('topic').writeInt8(0).writeInt32(7) as unknown as {
      readonly buffer: Buffer;
    };
    const decoder = new Decoder(buffer);
    expect(decoder.readUVarIntString()).toBe('topic');
    decoder.readTaggedFields();
    expect(decoder.readInt32()).toBe(7);
  });
});

describe("a cluster of KafkaJS's, handed to its partition assigner", () => {
  const kafka = kafkaClient({ brokers: ['nowhere:9'] }, pino({ level: 'silent' }));
  const { cluster } = clusterOf(kafka);

  test('has a pool of brokers, and nothing is known before it is asked', () => {
    expect(pool.poolOf(cluster).connectionPoolBuilder).toBeDefined();
    expect(pool.hasMetadata(cluster)).toBe(false);
    expect(pool.topicIdOf(cluster, 'tracks')).toBeNull();
    expect(pool.isListed(cluster, 1)).toBe(false);
    expect(pool.addressOf(cluster, 1)).toBe('1');
    expect(pool.unreachableBecause(cluster)).toBeNull();
    expect([...pool.targetTopicsOf(cluster)]).toEqual([]);
  });

  test('calls its listener where the brokers have said who leads what', () => {
    const listener = () => {};
    pool.onMetadata(cluster, listener);
    expect(pool.poolOf(cluster).onMetadata).toBe(listener);
  });
});
