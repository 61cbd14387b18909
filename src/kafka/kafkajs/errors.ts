/**
 * The error that KafkaJS makes of a broker's code, which has the name that it logs and throws. Written for KafkaJS
 * 2.2.4; held by test/kafka/kafkajs/internals.unit.test.ts.
 */
import errors from 'kafkajs/src/protocol/error.js';

export function isFailure(code: number): boolean {
  return errors.failure(code);
}

export function errorOf(code: number): Error & { readonly type: string; readonly retriable: boolean } {
  return errors.createErrorFromCode(code);
}
