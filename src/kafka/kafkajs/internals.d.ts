/** Parts of KafkaJS 2.2.4 that it does not export and that have no types. A test checks that each method is there. */
declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net';
  import type RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

  export default class Connection {
    readonly clientId: string;
    readonly host: string;
    readonly port: number;
    /** Host and port. */
    readonly broker: string;
    readonly sasl: object | null;
    readonly socket: Socket;
    readonly connectionTimeout: number;
    readonly requestQueue: RequestQueue;
    readonly authHandlers: { onError(): void } | null;
    authenticatedAt: unknown;
    connectionStatus: string;
    constructor(options: object);
    connect(): Promise<boolean>;
    isConnected(): boolean;
    /** Resolves with the result of the response's `parse`. */
    send(call: object): Promise<unknown>;
    disconnect(): Promise<boolean>;
    sendAuthRequest(call: object): Promise<unknown>;
    isAuthenticated(): boolean;
    authenticate(): Promise<void>;
    /** @throws where it is not connected. */
    failIfNotConnected(): void;
    nextCorrelationId(): number;
    processData(bytes: Buffer): void;
    rejectRequests(error: Error): void;
  }
}

declare module 'kafkajs/src/broker/saslAuthenticator/index.js' {
  import type Connection from 'kafkajs/src/network/connection.js';

  export default class SASLAuthenticator {
    readonly connection: Connection;
    authenticate(): Promise<void>;
  }
}

declare module 'kafkajs/src/broker/saslAuthenticator/plain.js' {
  import type { AuthenticationProviderArgs, Authenticator } from 'kafkajs';

  export default function plain(sasl: {
    readonly username: string;
    readonly password: string;
  }): (args: AuthenticationProviderArgs) => Authenticator;
}

declare module 'kafkajs/src/broker/saslAuthenticator/scram256.js' {
  export { default } from 'kafkajs/src/broker/saslAuthenticator/plain.js';
}

declare module 'kafkajs/src/broker/saslAuthenticator/scram512.js' {
  export { default } from 'kafkajs/src/broker/saslAuthenticator/plain.js';
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export interface Waiting {
    readonly sentAt: number;
    /** ms. */
    readonly requestTimeout: number;
    readonly entry: { readonly apiName: string; readonly correlationId: number };
  }

  export default class RequestQueue {
    readonly inflight: ReadonlyMap<number, Waiting>;
    readonly broker: string;
    readonly clientId: string;
    /** Ours, see connections.ts: runs while requests are under way, and when it last did. */
    looking?: NodeJS.Timeout | undefined;
    lookedAt: number;
    /** Ours: ends the connection, with what is under way. */
    hangUp?: (error: Error) => void;
    /** Ours: a request has not been answered for long. */
    onSilence?: (apiName: string) => void;
    push(request: object): void;
    destroy(): void;
    maybeThrottle(ms: number | null): void;
    scheduleCheckPendingRequests(): void;
    scheduleRequestTimeoutCheck(): void;
  }
}

declare module 'kafkajs/src/cluster/brokerPool.js' {
  import type { BrokerMetadata, Logger } from 'kafkajs';
  import type Broker from 'kafkajs/src/broker/index.js';
  import type { ConnectionPool } from 'kafkajs/src/broker/index.js';

  interface Place {
    readonly host: string;
    readonly port: number;
    readonly rack?: string | null;
  }

  interface BrokerOptions {
    readonly connectionPool: ConnectionPool;
    readonly logger: Logger;
    readonly nodeId?: number;
    readonly versions?: unknown;
  }

  export interface Metadata extends Omit<BrokerMetadata, 'brokers' | 'topicMetadata'> {
    readonly brokers: readonly (Place & { readonly nodeId: number })[];
    /** The id as hex; null or undefined: not known. */
    readonly topicMetadata: readonly (BrokerMetadata['topicMetadata'][number] & { readonly topicId?: string | null })[];
  }

  export default class BrokerPool {
    readonly rootLogger: Logger;
    readonly logger: Logger;
    /** Without a place it takes the next of the configured ones. */
    readonly connectionPoolBuilder: { build(place?: Place): Promise<ConnectionPool> };
    readonly metadataMaxAge: number;
    readonly brokers: Record<string, Broker>;
    readonly createBroker: (options: BrokerOptions) => Broker;
    readonly retrier: <T>(work: (bail: (error: Error) => void) => Promise<T>) => Promise<T>;
    seedBroker: Broker | undefined;
    metadata: Metadata | null;
    metadataExpireAt: number | null;
    versions: unknown;
    /** Ours, see pool.ts: called when the brokers have sent the leaders. */
    onMetadata?: () => void;
    /** Ours, see seeds.ts: why the last try to reach any of the configured brokers failed; null: it did not. */
    unreachable?: Error | null;
    hasConnectedBrokers(): boolean;
    disconnect(): Promise<void>;
    connect(): Promise<void>;
    connectBroker(broker: Broker): Promise<void>;
    refreshMetadata(topics: readonly string[]): Promise<void>;
    findConnectedBroker(): Promise<Broker>;
    withBroker<T>(ask: (of: { readonly nodeId: string; readonly broker: Broker }) => Promise<T>): Promise<T | null>;
  }
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer);
    readInt16(): number;
    readInt32(): number;
    readInt64(): { toString(): string };
    readInt32(): number;
    readBoolean(): boolean;
    readString(): string | null;
    readArray<T>(item: () => T): T[];
    readUVarIntString(): string | null;
    /** null for the array that is null. */
    readUVarIntArray<T>(item: () => T): T[] | null;
    readTaggedFields(): void;
  }
}

declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    constructor(initialSize?: number);
    writeInt16(value: number): this;
    writeString(value: string | null): this;
    writeBufferInternal(value: Buffer): void;
    writeInt8(value: number): this;
    writeInt32(value: number): this;
    writeInt64(value: number): this;
    writeBoolean(value: boolean): this;
    writeUVarInt(value: number): this;
    writeUVarIntString(value: string): this;
    writeEncoder(value: Encoder): this;
  }
}

declare module 'kafkajs/src/cluster/index.js' {
  import type BrokerPool from 'kafkajs/src/cluster/brokerPool.js';

  export default class Cluster {
    brokerPool: BrokerPool;
    readonly targetTopics: ReadonlySet<string>;
    getNodeIds(): string[];
    findGroupCoordinatorMetadata(of: object): Promise<object>;
  }
}

declare module 'kafkajs/src/protocol/messageSet/decoder.js' {
  import type { KafkaMessage } from 'kafkajs';
  import type Decoder from 'kafkajs/src/protocol/decoder.js';
  /** Messages of the formats before record batches. */
  export default function readMessageSet(decoder: Decoder, bytes: number): Promise<KafkaMessage[]>;
}

declare module 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js' {
  import type { KafkaMessage } from 'kafkajs';
  import type Decoder from 'kafkajs/src/protocol/decoder.js';
  /** A length of four bytes, and as many bytes of messages or record batches. */
  export default function decodeMessages(decoder: Decoder): Promise<KafkaMessage[]>;
}

declare module 'kafkajs/src/broker/index.js' {
  import type Connection from 'kafkajs/src/network/connection.js';

  export interface Call {
    readonly request: { readonly apiKey: number; readonly apiName: string; readonly apiVersion: number };
    /** ms. */
    readonly requestTimeout?: number;
    readonly response: {
      decode(bytes: Buffer): Promise<{ readonly clientSideThrottleTime?: number }>;
      parse(answer: object): Promise<unknown>;
    };
  }

  export interface ConnectionPool {
    readonly host: string;
    readonly port: number;
    readonly connectionTimeout: number;
    rack?: string | null | undefined;
    readonly pool: readonly Connection[];
    getConnectionByRequest(call: Pick<Call, 'request'>): Promise<Connection>;
    send<T>(call: SentCall<T>): Promise<T>;
  }

  /** A request, and how its answer is read. */
  export interface SentCall<T> {
    readonly request: Call['request'];
    readonly response: { decode(bytes: Buffer): Promise<unknown>; parse(answer: never): Promise<T> };
    /** ms; KafkaJS waits for this or for its `requestTimeout`, whichever is longer. */
    readonly requestTimeout?: number;
    /** Unless false, an error that `parse` throws is logged. */
    readonly logResponseError?: boolean;
  }

  export default class Broker {
    readonly connectionPool: ConnectionPool;
    readonly allowAutoTopicCreation: boolean;
    /** Host and port. */
    readonly brokerAddress: string;
    nodeId: number | null;
    isConnected(): boolean;
    connect(): Promise<void>;
    /** Writes requests in the newest version that both sides know. */
    readonly lookupRequest: (apiKey: number, definition: object) => (given: object) => Call;
    /** By API key, of the broker; null before it is connected. */
    readonly versions: Readonly<Record<number, { readonly maxVersion: number } | undefined>> | null;
    disconnect(): Promise<void>;
    findGroupCoordinator(of: {
      readonly groupId: string;
      readonly coordinatorType: number;
    }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
    metadata(topics: readonly string[]): Promise<unknown>;
    offsetFetch(of: object): Promise<{
      readonly responses: readonly {
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
      }[];
    }>;
  }
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  type Name =
    | 'Produce'
    | 'Fetch'
    | 'ListOffsets'
    | 'Metadata'
    | 'JoinGroup'
    | 'Heartbeat'
    | 'EndTxn'
    | 'DescribeConfigs';
  const protocol: { readonly requests: { readonly [name in Name]: object } };
  export default protocol;
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: {
    failure(code: number): boolean;
    createErrorFromCode(code: number): Error & { readonly type: string; readonly retriable: boolean };
  };
  export default errors;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  const batches: { RecordBatch(of: object): Promise<{ readonly buffer: Buffer }> };
  export default batches;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  export default function Record(of: object): object;
}
