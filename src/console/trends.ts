import type pg from 'pg';
import type { DatabaseOptions } from '../postgres/connect.ts';
import { createPool } from '../postgres/connect.ts';
import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import { explained } from './explained.ts';
import { SPANS, type SpanName, type TrendName, trendSql, trendsOf } from './trend-queries.ts';

/** Longest that one query may take, ms. */
const TIMEOUT = 5_000;
/** Shortest time that an answer is kept, ms: the last part of a span changes, and more slowly if parts are longer. */
const KEPT: Readonly<Record<SpanName, number>> = {
  minutes: 10_000,
  hours: 30_000,
  days: 120_000,
};
/** The same for a failure. */
const FAILED = 5_000;
/** Longest time, ms: people have to see that it works again. */
const LONGEST = 600_000;
/** The share of the time that all queries together may take. */
const SHARE = 1 / 20;
const QUERIES = (Object.keys(SPANS) as SpanName[]).flatMap(trendsOf).length;
/** Longest that a caller waits, ms; then it gets what is known. */
const PATIENCE = 800;
/** Longest wait at the end for a query under way, ms. */
const CLOSE = 500;

/** A query's result. The first value of a row is ms since the epoch or a text, the others are numbers; null: none. */
export interface TrendAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface Trend {
  readonly name: TrendName;
  /** The query, which a reader can run as it is. */
  readonly sql: string;
  /** null: it was never read. */
  readonly answer: TrendAnswer | null;
  /** When it was read, ms since the epoch; null: never. */
  readonly at: number | null;
  /** How long the last read took, ms. */
  readonly took: number | null;
  /** Why the last read failed; null: it did not. */
  readonly error: string | null;
  /** Whether its query runs, or waits for others that run. */
  readonly reading: boolean;
}

interface Held extends Trend {
  /** When its query may run again, ms since the epoch. */
  readonly next: number;
}

export interface TrendsOptions {
  readonly schema: string;
  readonly run: (sql: string) => Promise<TrendAnswer>;
  readonly now?: () => number;
}

/**
 * Trends, read once for all pages that show them.
 *
 * Invariant: at most one query is under way, none begins unless a page asks, and an answer is kept until the queries
 * together take no more than a twentieth of the time, ten minutes at most. Many pages cost what one does: otherwise a page
 * that is left open on many screens would take from Postgres what commits need.
 */
export class Trends {
  private readonly options: Required<TrendsOptions>;
  private readonly held = new Map<string, Held>();
  private readonly queue: [SpanName, TrendName][] = [];
  private running: Promise<void> | null = null;
  private closed = false;

  constructor(options: TrendsOptions) {
    this.options = { now: Date.now, ...options };
  }

  /** Does not throw: an error comes with the answer that was known before. */
  async get(span: SpanName): Promise<Trend[]> {
    for (const name of trendsOf(span)) this.ask(span, name);
    if (this.running !== null) await within(wallClock, PATIENCE, this.running);
    return trendsOf(span).map((name) => {
      const { next: _, ...trend } = this.of(span, name);
      return trend;
    });
  }

  /** Queries that wait are not begun any more. */
  close(): void {
    this.closed = true;
    this.queue.length = 0;
  }

  private of(span: SpanName, name: TrendName): Held {
    const sql = trendSql(name, span, this.options.schema);
    const never = { name, sql, answer: null, at: null, took: null, error: null, reading: false };
    return this.held.get(`${span} ${name}`) ?? { ...never, next: Number.NEGATIVE_INFINITY };
  }

  private hold(span: SpanName, name: TrendName, change: Partial<Held>): void {
    this.held.set(`${span} ${name}`, { ...this.of(span, name), ...change });
  }

  private ask(span: SpanName, name: TrendName): void {
    const { reading, next } = this.of(span, name);
    if (this.closed || reading || this.options.now() < next) return;
    this.hold(span, name, { reading: true });
    this.queue.push([span, name]);
    this.running ??= this.work();
  }

  private async work(): Promise<void> {
    for (let one = this.queue.shift(); one !== undefined; one = this.queue.shift()) await this.read(...one);
    this.running = null;
  }

  private async read(span: SpanName, name: TrendName): Promise<void> {
    const { run, now } = this.options;
    const begun = now();
    const ended = (least: number) => {
      const took = now() - begun;
      return { took, reading: false, next: now() + Math.min(LONGEST, Math.max(least, (took * QUERIES) / SHARE)) };
    };
    try {
      const answer = await run(this.of(span, name).sql);
      this.hold(span, name, { answer, at: begun, error: null, ...ended(KEPT[span]) });
    } catch (error) {
      this.hold(span, name, { error: explained(error, TIMEOUT).message, ...ended(FAILED) });
    }
  }
}

/** Trends of a schema, over one connection of their own, which is closed while no page asks. */
export class TrendsStore {
  private readonly pool: pg.Pool;
  private readonly trends: Trends;

  constructor(database: DatabaseOptions) {
    this.pool = createPool(database, 1, TIMEOUT);
    this.trends = new Trends({ schema: database.schema, run: (sql) => this.run(sql) });
  }

  get(span: SpanName): Promise<Trend[]> {
    return this.trends.get(span);
  }

  /** Waits no longer than an orderly end allows: an answer may never come. */
  async close(): Promise<void> {
    this.trends.close();
    await within(wallClock, CLOSE, this.pool.end());
  }

  private async run(sql: string): Promise<TrendAnswer> {
    const client = await this.pool.connect();
    let failed = true;
    try {
      // A query gets one core of the server, whatever its settings: the others are for commits.
      await client.query('SET max_parallel_workers_per_gather TO 0; SET default_transaction_read_only TO on');
      const { fields, rows } = await client.query<(string | number | Date | null)[]>({ text: sql, rowMode: 'array' });
      failed = false;
      return {
        columns: fields.map(({ name }) => name),
        rows: rows.map(([first, ...rest]) => [keyOf(first), ...rest.map(numberOf)]),
      };
    } finally {
      // A connection on which a statement may still run is closed: the next query on it would wait for that.
      client.release(failed);
    }
  }
}

function keyOf(value: string | number | Date | null | undefined): string | number | null {
  return value instanceof Date ? value.getTime() : (value ?? null);
}

/** Sums and shares come as text, because they may be larger than a number is exact for. */
function numberOf(value: string | number | Date | null): number | null {
  return value === null ? null : Number(value);
}
