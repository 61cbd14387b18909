import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { type ISocketFactory, Kafka, type KafkaConfig, type RetryOptions } from 'kafkajs';
import type { Logger } from 'pino';
import type { Settings } from '../settings/index.ts';
import { joinNothing } from './answers.ts';
import { findBrokersInTime } from './brokers.ts';
import { registerCodecs } from './codecs.ts';
import { watchConnections } from './connections.ts';
import { tellDeniedCoordinators } from './coordinators.ts';
import { freshConnections } from './fresh-connections.ts';
import { kafkaLogCreator, kafkaLogLevel } from './logging.ts';
import { Login } from './login.ts';
import { passwordLogin } from './password-login.ts';
import { quietTimers } from './timers.ts';

type Declared = Settings['kafka'];

/** How to reach the brokers: `settings.kafka`, or no more than the brokers. */
export type KafkaAddress = Pick<Declared, 'brokers'> & Partial<Omit<Declared, 'brokers' | 'group'>>;

/**
 * About 3 s in all, then the caller hears of it: whoever uses a client here has a loop of its own that says what it
 * waits for. KafkaJS's own default goes on for 10 s in silence, and takes others where NODE_ENV is test.
 */
const RETRY: RetryOptions = { initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 2_000, retries: 5 };

/** Unless set, ms. */
const CONNECTION_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;

export interface ClientOptions {
  readonly socketFactory?: ISocketFactory;
}

/** A KafkaJS client that reads all codecs, logs through `logger` and lets an idle process sleep. */
export function kafkaClient(address: KafkaAddress, logger: Logger, options: ClientOptions = {}): Kafka {
  quietTimers();
  joinNothing();
  watchConnections();
  findBrokersInTime();
  freshConnections();
  registerCodecs();
  tellDeniedCoordinators();
  const config: KafkaConfig = {
    brokers: [...address.brokers],
    clientId: address.clientId ?? 'tidemark',
    // KafkaJS takes the first for a part of connecting alone; connections.ts has it hold for all of it.
    connectionTimeout: address.connectionTimeout ?? CONNECTION_TIMEOUT,
    authenticationTimeout: address.connectionTimeout ?? CONNECTION_TIMEOUT,
    requestTimeout: address.requestTimeout ?? REQUEST_TIMEOUT,
    retry: RETRY,
    logLevel: kafkaLogLevel(logger),
    logCreator: kafkaLogCreator(logger),
  };
  if (address.tls) config.ssl = tls(address);
  const sasl = loginTo(address);
  if (sasl) config.sasl = sasl;
  if (options.socketFactory) config.socketFactory = options.socketFactory;
  return new Kafka(config);
}

function tls({ tlsCa, tlsCert, tlsKey }: KafkaAddress): ConnectionOptions {
  return {
    ...(tlsCa ? { ca: pem('kafka.tls_ca', tlsCa) } : {}),
    ...(tlsCert ? { cert: pem('kafka.tls_cert', tlsCert) } : {}),
    ...(tlsKey ? { key: pem('kafka.tls_key', tlsKey) } : {}),
  };
}

function pem(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${setting}: cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function loginTo({ sasl, brokers }: KafkaAddress): Login | null {
  if (!sasl?.mechanism || sasl.username === null || sasl.password === null) return null;
  const { mechanism, username, password } = sasl;
  return new Login(
    passwordLogin(mechanism, username, () => password),
    brokers.join(','),
  );
}
