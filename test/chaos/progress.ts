import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Addresses, NAME, PARTITIONS } from './settings.ts';

const EVERY = 100;

/** The longest time in which nothing was committed: ms, and when it ended, ms since the epoch. */
export interface Standstill {
  ms: number;
  until: number;
}

/** Asks Postgres, past all proxies, what is committed, for as long as it runs. */
export class FoldProgress {
  /** Over all partitions at once, and of the one that stood still for longest. */
  readonly all: Standstill = { ms: 0, until: 0 };
  readonly one: Standstill = { ms: 0, until: 0 };
  /** As `one`, without the time in which no processor could have gone on, whatever it did. */
  readonly needless: Standstill = { ms: 0, until: 0 };
  /** Ends of visits decided by the clock that were seen before the log caught up. */
  anticipations = 0;
  readonly #wentOn: number[] = Array.from({ length: PARTITIONS }, () => 0);
  readonly #last = Array.from({ length: PARTITIONS }, () => ({ offset: -1, at: 0, needless: 0, anticipated: '' }));
  readonly #url: string;
  readonly #isShut: () => boolean;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #client: pg.Client | null = null;

  /** @param isShut whether what every processor needs is away, so that none can go on */
  constructor({ databaseUrl }: Addresses, isShut: () => boolean) {
    this.#url = databaseUrl;
    this.#isShut = isShut;
  }

  /** When something was last committed in each partition, or what stood still was forgotten, ms since the epoch. */
  get standingSince(): number[] {
    return this.#last.map(({ at }) => at);
  }

  /** Resolves once every partition has gone on since the call. @returns the ms that took; null: not within `within`. */
  async allGoOn(within: number): Promise<number | null> {
    const since = Date.now();
    while (Date.now() - since < within && !this.#stop.signal.aborted) {
      if (this.#wentOn.every((at) => at > since)) return Date.now() - since;
      await sleep(EVERY);
    }
    return null;
  }

  /** What stood still until now does not count. */
  forget(): void {
    const now = Date.now();
    for (const one of this.#last) Object.assign(one, { at: now, needless: 0 });
    for (const one of [this.all, this.one, this.needless]) Object.assign(one, { ms: 0, until: 0 });
  }

  start(): void {
    for (const one of this.#last) one.at = Date.now();
    this.#done = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#client?.end();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    const last = this.#last;
    let before = Date.now();
    while (!signal.aborted) {
      const wasShut = this.#isShut();
      const rows = await this.#rows();
      const now = Date.now();
      if (!wasShut && !this.#isShut()) for (const one of last) one.needless += now - before;
      before = now;
      for (const { partition, offset, anticipated } of rows) {
        const was = last[partition]!;
        if (offset !== was.offset) {
          Object.assign(was, { offset, at: now, needless: 0 });
          this.#wentOn[partition] = now;
        }
        if (anticipated !== null && anticipated !== was.anticipated) {
          this.anticipations += 1;
          was.anticipated = anticipated;
        }
      }
      const longest = (standstill: Standstill, ms: number) => {
        if (ms > standstill.ms) Object.assign(standstill, { ms, until: now });
      };
      longest(this.all, now - Math.max(...last.map(({ at }) => at)));
      for (const { at, needless } of last) {
        longest(this.one, now - at);
        longest(this.needless, needless);
      }
      await sleep(EVERY, undefined, { signal }).catch(() => {});
    }
  }

  /** None while Postgres is away. */
  async #rows(): Promise<{ partition: number; offset: number; anticipated: string | null }[]> {
    try {
      if (this.#client === null) {
        const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: 2_000 });
        client.on('error', () => {});
        await client.connect();
        this.#client = client;
      }
      const { rows } = await this.#client.query(
        `SELECT partition, next_offset::float8 AS offset, anticipated_to::text AS anticipated FROM ${NAME}.partition_state`,
      );
      return rows;
    } catch {
      // It is being killed and started again all the time; what it does not report is no progress.
      this.#client?.end().catch(() => {});
      this.#client = null;
      return [];
    }
  }
}
