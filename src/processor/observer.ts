/** What is outside and may be away. */
export type Part = 'broker' | 'registry' | 'store';

/** Told of what happens, for metrics; must not throw. */
export interface Observer {
  /** A commit is in the store. */
  committed(commit: { readonly partition: number; readonly ms: number; readonly rows: number }): void;
  /** A transaction of the publisher went through. */
  published(sent: { readonly partition: number; readonly ms: number; readonly messages: number }): void;
  /** Records whose key is not their session id: their session may be spread over partitions, and so be cut in two. */
  misplaced(records: { readonly partition: number; readonly count: number }): void;
  /** A part failed; it is tried again. */
  failed(part: Part): void;
  /** The group gave out partitions. */
  rebalanced(): void;
  /** A partition was taken over: new epoch, state loaded. */
  takenOver(taken: { readonly partition: number; readonly ms: number; readonly openVisits: number }): void;
}

/** What a partition's life tells about itself. Times in ms; null: not known yet. */
export interface PartitionReport {
  readonly partition: number;
  readonly phase: 'waiting' | 'taking over' | 'running' | 'ended';
  readonly epoch: number | null;
  readonly nextOffset: number | null;
  /** End of the partition as last heard from the broker. */
  readonly end: number | null;
  readonly arrivalClock: number | null;
  readonly watermark: number | null;
  readonly openVisits: number;
  /** Bytes committed but not published yet. */
  readonly backlogBytes: number;
  /** When the oldest message not yet published was committed. */
  readonly backlogSince: number | null;
  readonly counts: Readonly<Record<string, number>> | null;
  readonly lastError: string | null;
}
