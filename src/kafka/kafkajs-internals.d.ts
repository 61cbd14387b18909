/** Parts of KafkaJS that it does not export and that have no types. */
declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net';

  export default class Connection {
    readonly clientId: string;
    readonly host: string;
    readonly port: number;
    readonly sasl: object | null;
    readonly socket: Socket;
    readonly requestQueue: {
      push(waiting: object): void;
      maybeThrottle(ms: number | null): void;
    };
    constructor(options: object);
    connect(): Promise<boolean>;
    isConnected(): boolean;
    /** Gives what the response's `parse` does. */
    send(call: object): Promise<unknown>;
    disconnect(): Promise<unknown>;
    isAuthenticated(): boolean;
    authenticate(): Promise<void>;
    /** @throws where it is not connected. */
    failIfNotConnected(): void;
    nextCorrelationId(): number;
    processData(bytes: Buffer): void;
    rejectRequests(error: Error): void;
    disconnect(): Promise<boolean>;
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
  export default class RequestQueue {
    scheduleCheckPendingRequests(): void;
  }
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer);
    readInt16(): number;
    readInt32(): number;
    readInt64(): { toString(): string };
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
    writeBoolean(value: boolean): this;
    writeUVarInt(value: number): this;
    writeUVarIntString(value: string): this;
    writeEncoder(value: Encoder): this;
  }
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: { createErrorFromCode(code: number): Error };
  export default errors;
}

declare module 'kafkajs/src/cluster/brokerPool.js' {
  import type Broker from 'kafkajs/src/broker/index.js';

  export interface BrokerPool {
    findConnectedBroker(): Promise<Broker>;
    /** Asks one broker after the other until one answers; null: none did. */
    withBroker<T>(ask: (given: { readonly nodeId: string; readonly broker: Broker }) => Promise<T>): Promise<T | null>;
  }
}

declare module 'kafkajs/src/cluster/index.js' {
  import type { BrokerPool } from 'kafkajs/src/cluster/brokerPool.js';

  export default class Cluster {
    brokerPool: BrokerPool;
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
    readonly response: {
      decode(bytes: Buffer): Promise<{ readonly clientSideThrottleTime?: number }>;
      parse(answer: object): Promise<unknown>;
    };
  }

  export interface ConnectionPool {
    getConnectionByRequest(call: Pick<Call, 'request'>): Promise<Connection>;
    /** Gives what the response's `parse` does. */
    send(call: object): Promise<unknown>;
  }

  export default class Broker {
    readonly connectionPool: ConnectionPool;
    /** Writes requests in the newest version that both sides know. */
    lookupRequest(apiKey: number, definition: object): (given: object) => Call;
    /** By API key, of the broker; null before it is connected. */
    readonly versions: Readonly<Record<number, { readonly maxVersion: number } | undefined>> | null;
    disconnect(): Promise<void>;
    findGroupCoordinator(of: {
      readonly groupId: string;
      readonly coordinatorType: number;
    }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
    offsetFetch(of: object): Promise<{
      readonly responses: readonly {
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
      }[];
    }>;
  }
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  const protocol: { readonly requests: { readonly Produce: object } };
  export default protocol;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  const batches: { RecordBatch(of: object): Promise<{ readonly buffer: Buffer }> };
  export default batches;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  export default function Record(of: object): object;
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  import type { Cluster } from 'kafkajs';

  export default class ConsumerGroup {
    readonly cluster: Pick<Cluster, 'findTopicPartitionMetadata'> & {
      /** Of the brokers that the metadata has: keys of an object, which the types have as numbers. */
      getNodeIds(): string[];
    };
    preferredReadReplicasPerTopicPartition: Record<
      string,
      Record<string, { readonly nodeId: number; readonly expireAt: number }>
    >;
    /** Partitions by the broker to fetch them from. */
    findReadReplicaForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
    recoverFromFetch(error: Error): Promise<void>;
  }
}
