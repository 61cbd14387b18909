/**
 * Connections of KafkaJS that do not wait for a broker that is gone. KafkaJS's own wait for each request under way when
 * they are closed, and are kept after a request that was never answered; and a login may wait for ever.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/brokers.unit.test.ts and test/kafka/login.unit.test.ts.
 */
import kafkajs from 'kafkajs';
import Broker from 'kafkajs/src/broker/index.js';
import Connection from 'kafkajs/src/network/connection.js';
import RequestQueue, { type Waiting } from 'kafkajs/src/network/requestQueue/index.js';
import { wallClock } from '../../time/clock.ts';
import { within } from '../../time/waiting.ts';
import { forget, isConnecting } from './fresh-connections.ts';

/** A broker that has not answered for this long is silent, ms: four times what a fetch waits for a first record. */
export const SILENT = 1_000;
/** How often requests under way are looked at, ms. */
const LOOK = 250;
/** How long a connection that is closed waits for what is under way, ms. */
const CLOSING = 1_000;

const { disconnect, sendAuthRequest } = Connection.prototype;
const { push, destroy } = RequestQueue.prototype;
const connectBroker = Broker.prototype.connect;
const connecting = new WeakMap<Broker, Promise<void>>();

/** Changes KafkaJS's connections. May be called any number of times. */
export function watchConnections(): void {
  Connection.prototype.disconnect = async function () {
    if (this.socket?.destroyed && this.requestQueue.inflight.size === 0) {
      this.requestQueue.destroy();
      this.connectionStatus = 'disconnected';
      this.authenticatedAt = null;
      return true;
    }
    const closed = disconnect.call(this);
    return await within(wallClock, CLOSING, closed, () => {
      hangUp(this, new kafkajs.KafkaJSConnectionError('Closed before it was answered', { broker: this.broker }));
      return true;
    });
  };
  Connection.prototype.sendAuthRequest = function (call) {
    const { connectionTimeout, broker } = this;
    return within(wallClock, connectionTimeout, sendAuthRequest.call(this, call), () => {
      const message = `No answer to the login within ${connectionTimeout} ms`;
      const error = new kafkajs.KafkaJSConnectionError(message, { broker });
      hangUp(this, error);
      throw error;
    });
  };
  RequestQueue.prototype.push = function (request) {
    push.call(this, request);
    if (this.looking) return;
    this.lookedAt = Date.now();
    this.looking = setInterval(() => look(this), LOOK).unref();
  };
  RequestQueue.prototype.destroy = function () {
    destroy.call(this);
    stopLooking(this);
  };
  // It would look ten times a second, whether or not there is anything under way.
  RequestQueue.prototype.scheduleRequestTimeoutCheck = () => {};
  Broker.prototype.connect = function () {
    let under = connecting.get(this);
    if (under === undefined) {
      under = connectInTime(this).finally(() => connecting.delete(this));
      connecting.set(this, under);
    }
    return under;
  };
}

/**
 * One try at a time: all callers that ask meanwhile share it, and how it ends. If each had a try and a time of its own,
 * one behind the other, as in KafkaJS, the time of a caller that only waited would cut off another's try when it ended,
 * and with many of them no try would ever come through.
 */
function connectInTime(to: Broker): Promise<void> {
  const { connectionPool, brokerAddress: broker } = to;
  const { connectionTimeout } = connectionPool;
  return within(wallClock, connectionTimeout, connectBroker.call(to), () => {
    const message = `No answer within ${connectionTimeout} ms of connecting`;
    const error = new kafkajs.KafkaJSConnectionError(message, { broker });
    abandon(to, error);
    throw error;
  });
}

/** Lets go of all connections to a broker: what is under way fails with `error`. */
export function abandon(broker: Broker, error: Error): void {
  for (const connection of broker.connectionPool.pool) hangUp(connection, error);
}

/** Whether a request over any of its connections has waited for longer than `SILENT`. */
export function isSilent(broker: Broker): boolean {
  const before = Date.now() - SILENT;
  return broker.connectionPool.pool.some(({ requestQueue: { inflight } }) =>
    [...inflight.values()].some(({ sentAt }) => sentAt < before),
  );
}

/** Ends a connection at once: what is under way fails with `error`. */
export function hangUp(connection: Connection, error: Error): void {
  connection.authHandlers?.onError();
  // Those who wait for a try to connect hear of its end from KafkaJS alone: so it has to end there.
  if (isConnecting(connection) && !connection.isConnected()) {
    connection.socket?.destroy(error);
    return;
  }
  forget(connection);
  connection.connectionStatus = 'disconnected';
  connection.authenticatedAt = null;
  connection.requestQueue.destroy();
  connection.rejectRequests(error);
}

function look(queue: RequestQueue): void {
  const now = Date.now();
  const stoodStill = now - queue.lookedAt > 4 * LOOK;
  queue.lookedAt = now;
  if (queue.inflight.size === 0) stopLooking(queue);
  // Answers may have come while this process did nothing: they are read first.
  if (stoodStill) return;
  let silent: Waiting | null = null;
  let late: Error | null = null;
  for (const request of queue.inflight.values()) {
    const { sentAt, requestTimeout, entry } = request;
    const waited = now - sentAt;
    if (waited > SILENT) silent = request;
    if (waited <= requestTimeout) continue;
    const { broker, clientId } = queue;
    late = new kafkajs.KafkaJSRequestTimeoutError(`Request ${entry.apiName} timed out`, {
      ...{ broker, clientId, correlationId: entry.correlationId, createdAt: sentAt, sentAt, pendingDuration: 0 },
    });
  }
  if (late !== null) queue.hangUp?.(late);
  else if (silent !== null) queue.onSilence?.(silent.entry.apiName);
}

function stopLooking(queue: RequestQueue): void {
  clearInterval(queue.looking);
  queue.looking = undefined;
}
