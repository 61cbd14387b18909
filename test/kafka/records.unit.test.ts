import { describe, expect, test } from '@jest/globals';
import type { KafkaMessage } from 'kafkajs';
import { rawRecord } from '../../src/kafka/records.ts';

function messageAt(timestamp: string): KafkaMessage {
  return { offset: '7', timestamp, key: null, value: null, attributes: 0 } as KafkaMessage;
}

describe('a record as KafkaJS gives it', () => {
  test('has a time that visit ids and Postgres can hold, whatever its producer stamped it with', () => {
    expect(rawRecord(messageAt('1767225600000')).timestamp).toBe(1_767_225_600_000);
    expect(rawRecord(messageAt('9223372036854775807')).timestamp).toBe(2 ** 48 - 1);
    expect(rawRecord(messageAt('-1')).timestamp).toBe(0);
  });
});
