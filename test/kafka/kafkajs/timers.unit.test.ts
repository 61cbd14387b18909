import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { quietTimers } from '../../../src/kafka/kafkajs/timers.ts';

const logger = { namespace: () => logger, debug: () => {}, warn: () => {} };

/** KafkaJS's own queue of one connection, of which `maxInFlightRequests` is 1: a second request waits. */
function queue() {
  const Queue = RequestQueue as unknown as new (options: object) => RequestQueue & { readonly pending: unknown[] };
  return new Queue({
    ...{ maxInFlightRequests: 1, requestTimeout: 30_000, enforceRequestTimeout: false, clientId: 'c', broker: 'b' },
    ...{ logger, isConnected: () => true },
  });
}

const request = (correlationId: number) => ({
  entry: { apiKey: 1, apiName: 'Fetch', apiVersion: 4, correlationId, resolve: () => {}, reject: () => {} },
  ...{ expectResponse: true, requestTimeout: null, sendRequest: () => {} },
});

describe('the timer of a connection', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    quietTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('does not run while nothing waits', () => {
    queue().scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('runs while a request waits, and sends it once its turn has come', () => {
    const under = queue();
    under.push(request(1));
    under.push(request(2));
    expect(under.pending).toHaveLength(1);
    under.scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBeGreaterThan(0);
    (under.inflight as Map<number, unknown>).clear();
    jest.advanceTimersByTime(20);
    expect(under.pending).toHaveLength(0);
  });
});
