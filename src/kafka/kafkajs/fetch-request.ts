/** What is asked of a broker in one fetch. */
export interface FetchRequest {
  readonly topic: string;
  /**
   * As hex; null or undefined: not known. Asked for by it where the broker can: of another topic of that name nothing
   * comes.
   */
  readonly topicId?: string | null | undefined;
  readonly partitions: readonly { readonly partition: number; readonly from: number }[];
  /** Bytes of one partition and of all; a batch that is larger comes alone. */
  readonly partitionBytes: number;
  readonly bytes: number;
  /** ms for a first record to come. */
  readonly wait: number;
  /** Where this client is: the leader may name a replica that is nearer. */
  readonly rack?: string | undefined;
}
