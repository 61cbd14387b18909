/** Brokers that answer what they are told to, in order, and keep what they were asked. */
import { BatchWriter } from '../../../../src/kafka/batch-writer.ts';
import type { BrokerRequests, Brokers, ProduceRequest } from '../../../../src/kafka/produce/brokers.ts';
import type { BatchToSend } from '../../../../src/kafka/produce/idempotent-producer.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { ready } from '../../../wire/support/messages.ts';

export type Op = keyof BrokerRequests;

/** The broker says no. */
export function refused(type: string): Error {
  return Object.assign(new Error(`the broker says ${type}`), { type });
}

/** No answer comes. */
export function lost(): Error {
  return new Error('no answer');
}

export class ScriptedBrokers implements Brokers {
  readonly asked: { readonly op: Op; readonly request: unknown }[] = [];
  /** How often leaders and coordinators were forgotten. */
  forgotten = 0;
  readonly #answers = new Map<Op, unknown[]>();
  #end = 0;

  /** The next answers to a request; afterwards it is done. An error is thrown. */
  answers(op: Op, ...answers: readonly unknown[]): void {
    this.#answers.set(op, [...(this.#answers.get(op) ?? []), ...answers]);
  }

  ops(): Op[] {
    return this.asked.map(({ op }) => op);
  }

  produced(): ProduceRequest[] {
    return this.asked.flatMap(({ op, request }) => (op === 'produce' ? [request as ProduceRequest] : []));
  }

  async leader(): Promise<BrokerRequests> {
    return this.#requests;
  }

  async coordinator(): Promise<BrokerRequests> {
    return this.#requests;
  }

  async any(): Promise<BrokerRequests> {
    return this.#requests;
  }

  forget(): void {
    this.forgotten += 1;
  }

  readonly #requests: BrokerRequests = {
    initProducerId: (request) => this.#answer('initProducerId', request, () => ({ producerId: '7', producerEpoch: 3 })),
    addPartitionsToTxn: (request) => this.#answer('addPartitionsToTxn', request, () => {}),
    addOffsetsToTxn: (request) => this.#answer('addOffsetsToTxn', request, () => {}),
    txnOffsetCommit: (request) => this.#answer('txnOffsetCommit', request, () => {}),
    keptOffset: (request) => this.#answer('keptOffset', request, () => -1),
    endTxn: (request) => this.#answer('endTxn', request, () => {}),
    produce: (request) =>
      this.#answer('produce', { ...request, batch: Buffer.from(request.batch) }, () => {
        this.#end += 100;
        return this.#end;
      }),
  };

  async #answer<T>(op: Op, request: unknown, done: () => T): Promise<T> {
    this.asked.push({ op, request });
    const answers = this.#answers.get(op) ?? [];
    if (answers.length === 0) return done();
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer as T;
  }
}

/** Time passes only while somebody sleeps. */
export class SleptClock implements Clock {
  readonly slept: number[] = [];

  now(): number {
    return this.elapsed();
  }

  elapsed(): number {
    return this.slept.reduce((sum, ms) => sum + ms, 0);
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
  }
}

/** A batch of so many records. */
export function batchOf(records: number, topic = 'output', partition = 0): BatchToSend {
  const messages = ready(
    Array.from({ length: records }, (_, sequence) => ({
      topic: 'output' as const,
      sequence,
      key: null,
      value: Buffer.from(`value ${sequence}`),
      headers: [],
    })),
  );
  const batch = new BatchWriter();
  for (let i = 0; i < records; i += 1) batch.add(messages, i);
  return { topic, partition, batch, timestamp: 1_767_225_600_000 };
}
