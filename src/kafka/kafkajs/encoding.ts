/**
 * KafkaJS's writer and reader of the protocol's values, for requests that it does not know. Written for KafkaJS 2.2.4;
 * held by test/kafka/kafkajs/internals.unit.test.ts.
 */
export { default as Decoder } from 'kafkajs/src/protocol/decoder.js';
export { default as Encoder } from 'kafkajs/src/protocol/encoder.js';
