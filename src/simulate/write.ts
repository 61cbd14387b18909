import type { Encode } from './encode.ts';
import type { Simulated } from './traffic.ts';

export interface WriteOptions {
  readonly records: Iterable<Simulated>;
  readonly encode: Encode;
  /** Resolves when the messages are in the log. */
  readonly send: (messages: { key: string; value: Buffer }[]) => Promise<void>;
  /** The most records; and the time after the first, ms, from which on none is written. */
  readonly events: number;
  readonly duration: number;
  readonly signal: AbortSignal;
  /** A clock in ms, with any zero. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onProgress?: (written: WrittenCounts) => void;
}

/** Numbers of records written, by kind. */
export interface WrittenCounts {
  records: number;
  event: number;
  late: number;
  resent: number;
  broken: number;
}

/** Well below the usual limit of a batch, 1 MB, even if all of it goes to one partition. */
const MOST_BYTES = 512 * 1024;
/** Records that are due within this time, ms, are sent together. */
const TOGETHER = 20;

/** Writes records when they are due, or at once if they are overdue, until one of the limits or the signal. */
export async function writeTraffic(options: WriteOptions): Promise<WrittenCounts> {
  const { signal, now, onProgress } = options;
  const written: WrittenCounts = { records: 0, event: 0, late: 0, resent: 0, broken: 0 };
  const begun = now();
  let batch: { key: string; value: Buffer }[] = [];
  let kinds: Simulated['kind'][] = [];
  let bytes = 0;
  for (const record of options.records) {
    if (signal.aborted || written.records + batch.length >= options.events || record.delay > options.duration) break;
    const wait = begun + record.delay - now();
    if (bytes >= MOST_BYTES || wait > TOGETHER) await flush();
    if (wait > TOGETHER) await options.sleep(wait, signal);
    if (signal.aborted) break;
    const value = await options.encode(record);
    batch.push({ key: record.key, value });
    kinds.push(record.kind);
    bytes += value.length + 100;
  }
  await flush();
  return written;

  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    await options.send(batch);
    written.records += batch.length;
    for (const kind of kinds) written[kind] += 1;
    batch = [];
    kinds = [];
    bytes = 0;
    onProgress?.(written);
  }
}
