/**
 * The code of error in a broker's answer. KafkaJS makes an error of it and warns of it in the log, where a refusal is
 * all that is wanted. Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/internals.unit.test.ts.
 */
import requests from 'kafkajs/src/protocol/requests/index.js';
import type { InnerBroker } from './pool.ts';

const API_KEYS = { Heartbeat: 12, EndTxn: 26 } as const;

export async function answerCode(broker: InnerBroker, api: keyof typeof API_KEYS, of: object): Promise<number> {
  const { request, response } = broker.lookupRequest(API_KEYS[api], requests.requests[api])(of);
  const parse = async (answer: { readonly errorCode: number }) => answer.errorCode;
  return (await broker.connectionPool.send({ request, response: { ...response, parse } })) as number;
}
