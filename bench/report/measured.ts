/** What one run came to. */
export interface Measured {
  /** Who ran, and how: runs of one name are compared and summarised. */
  readonly name: string;
  /** Events of the workload, without the closing ones. */
  readonly input: number;
  /** From the first record, or as near before it as can be measured, to the last visit committed and published. */
  readonly seconds: number;
  /** The same from the start of the process; null where there is no process of its own. */
  readonly secondsFromStart: number | null;
  /** CPU seconds; null: not measured, or nothing of the kind took part. */
  readonly cpu: {
    readonly processor: number | null;
    readonly postgres: number | null;
    readonly broker: number | null;
  };
  /** Highest resident memory, bytes. */
  readonly peak: number | null;
  /** As published, without closing events and their visits; null where nothing is published. */
  readonly visits: number | null;
  readonly events: number | null;
  readonly duplicates: number | null;
  /** What is wrong with the answer: none where it counts. */
  readonly wrong: readonly string[];
  /** Other figures worth keeping. */
  readonly notes: Readonly<Record<string, number | string>>;
}
