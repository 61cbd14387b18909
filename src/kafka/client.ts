import { type ISocketFactory, Kafka, type KafkaConfig, type RetryOptions } from 'kafkajs';
import type { Logger } from 'pino';
import type { Settings } from '../settings/index.ts';
import { brokerList } from './kafkajs/broker-list.ts';
import { kafkaLogCreator, kafkaLogLevel } from './kafkajs/logging.ts';
import { patchKafkaJS } from './kafkajs/patches.ts';
import { loginOf, type SaslSettings } from './sasl.ts';
import { openSocket } from './sockets.ts';
import { TlsOptions } from './tls.ts';

/** KafkaJS's own types, for all that uses a client. */
export type { Admin, Cluster, Kafka } from 'kafkajs';

type Declared = Settings['kafka'];

/** How to reach the brokers: `settings.kafka`, or no more than the brokers. */
export type KafkaAddress = Pick<Declared, 'brokers'> &
  Partial<Omit<Declared, 'brokers' | 'group' | 'sasl'>> & { readonly sasl?: SaslSettings };

/**
 * About 3 s in all, then the caller gets the error: each caller here has a loop of its own that logs what it waits for.
 * KafkaJS's own default goes on for 10 s in silence, and is another where NODE_ENV is test.
 */
const RETRY: RetryOptions = { initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 2_000, retries: 5 };

/** Unless set, ms. */
const CONNECTION_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;

export interface ClientOptions {
  /** Opens the sockets, with TLS as it is at that moment. */
  readonly socketFactory?: ISocketFactory;
}

/** A KafkaJS client that reads all codecs, logs through `logger` and lets an idle process sleep. */
export function kafkaClient(address: KafkaAddress, logger: Logger, options: ClientOptions = {}): Kafka {
  patchKafkaJS();
  const config: KafkaConfig = {
    brokers: brokerList(address.brokers),
    clientId: address.clientId ?? 'tidemark',
    // KafkaJS takes the first for a part of connecting alone; connections.ts has it hold for all of it.
    connectionTimeout: address.connectionTimeout ?? CONNECTION_TIMEOUT,
    authenticationTimeout: address.connectionTimeout ?? CONNECTION_TIMEOUT,
    requestTimeout: address.requestTimeout ?? REQUEST_TIMEOUT,
    retry: RETRY,
    logLevel: kafkaLogLevel(logger),
    logCreator: kafkaLogCreator(logger),
  };
  const open = options.socketFactory ?? openSocket;
  config.socketFactory = (args) => open(args);
  if (address.tls) {
    const tls = new TlsOptions(address);
    config.ssl = true;
    config.socketFactory = (args) => open({ ...args, ssl: tls.now() });
  }
  const login = loginOf(address.sasl ?? {}, address.brokers);
  if (login !== null) config.sasl = login;
  return new Kafka(config);
}
