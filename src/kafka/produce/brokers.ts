/** What a producer asks of a cluster. One form speaks to brokers (cluster-brokers.ts), one is simulated. */

/** Who sends: the epoch rises with each producer that takes over the id. */
export interface ProducerIdentity {
  readonly producerId: string | number | bigint;
  readonly producerEpoch: number;
}

export interface ProduceRequest {
  /** null: outside of a transaction. */
  readonly transactionalId: string | null;
  readonly topic: string;
  readonly partition: number;
  /** One record batch, as it goes out. */
  readonly batch: Buffer;
}

type InTransaction<T> = ProducerIdentity & { readonly transactionalId: string } & T;

export interface OffsetsOfTopic {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}

/** Where a group keeps an offset. */
export interface KeptOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/**
 * Requests to one broker.
 *
 * Each @throws an error with the `type` that the broker gave (`NOT_LEADER_FOR_PARTITION`), if it answered; an error
 * without one if no answer came, and then it may have done what it was asked, or may still do it.
 */
export interface BrokerRequests {
  initProducerId(request: {
    readonly transactionalId?: string;
    /** ms after which the broker aborts a transaction that was not ended. */
    readonly transactionTimeout: number;
  }): Promise<ProducerIdentity>;
  addPartitionsToTxn(
    request: InTransaction<{ readonly topics: readonly { readonly topic: string; readonly partitions: number[] }[] }>,
  ): Promise<unknown>;
  addOffsetsToTxn(request: InTransaction<{ readonly groupId: string }>): Promise<unknown>;
  txnOffsetCommit(
    request: InTransaction<{ readonly groupId: string; readonly topics: readonly OffsetsOfTopic[] }>,
  ): Promise<unknown>;
  /** The offset that a group keeps, -1 for none; refused while a transaction is about to replace it. */
  keptOffset(of: KeptOffset): Promise<number>;
  endTxn(request: InTransaction<{ readonly transactionResult: boolean }>): Promise<unknown>;
  /** Offset of the first record; null where the broker has the batch already, and does not send its offset. */
  produce(request: ProduceRequest): Promise<number | null>;
}

export type CoordinatorOf = 'group' | 'transaction';

/** Each @throws while the cluster does not know, or the broker cannot be reached: nothing was asked of it. */
export interface Brokers {
  leader(topic: string, partition: number): Promise<BrokerRequests>;
  coordinator(of: CoordinatorOf, name: string): Promise<BrokerRequests>;
  any(): Promise<BrokerRequests>;
  /** Leaders and coordinators may be others by now: the next question asks the cluster. */
  forget(): void;
}

/** The name of the error that the broker answered; null where no answer came. */
export function refusal(error: unknown): string | null {
  const { type } = error as { readonly type?: unknown };
  return typeof type === 'string' ? type : null;
}
