/**
 * Messages of the two formats before record batches: they are rare, and KafkaJS's reader is good enough for them.
 * Written for KafkaJS 2.2.4; held by test/kafka/record-set.unit.test.ts.
 */
import type { KafkaMessage } from 'kafkajs';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import readMessageSet from 'kafkajs/src/protocol/messageSet/decoder.js';

export async function readMessages(bytes: Buffer): Promise<KafkaMessage[]> {
  return await readMessageSet(new Decoder(bytes), bytes.length);
}
