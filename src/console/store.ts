import type pg from 'pg';
import { Problem } from '../http/site.ts';
import {
  type AxisVisits,
  axisVisits,
  inspectProfile,
  inspectSession,
  inspectVisit,
  openVisits,
  recentlyEnded,
  type StateRules,
  search,
  stateRules,
  type VisitSummary,
} from '../inspect/index.ts';
import { createPool } from '../postgres/connect.ts';
import { type PartitionStatus, readStatus } from '../postgres/status.ts';
import type { Settings } from '../settings/index.ts';
import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import { explained } from './explained.ts';
import { type LastKnown, Latest } from './latest.ts';

/** Connections of the console alone: the fold has others, and never waits for one of these. */
const CONNECTIONS = 2;
/** Longest that one statement may take, ms. */
const TIMEOUT = 3_000;
/** Longest wait at the end for statements under way, ms. */
const CLOSE = 500;
/** Most visits of a list, and events of a visit, in one answer. */
const LIST = 100;
const EVENTS = 200;

/** The console's reads of Postgres: what all pages show is read once for all, what one person looks up is read for them. */
export class ConsoleStore {
  readonly status: Latest<PartitionStatus[]>;
  readonly axis: Latest<AxisVisits[]>;
  readonly ended: Latest<VisitSummary[]>;
  private readonly pool: pg.Pool;
  private readonly settings: Settings;
  private readonly open = new Map<number | null, Latest<VisitSummary[]>>();

  constructor(settings: Settings) {
    this.settings = settings;
    this.pool = createPool(settings.database, CONNECTIONS, TIMEOUT);
    this.status = this.latest(() => readStatus(this.pool), 1_000);
    this.axis = this.latest(async () => axisVisits(this.pool, await this.rules()), 1_000);
    this.ended = this.latest(async () => recentlyEnded(this.pool, await this.rules(), LIST), 1_000);
  }

  /** The open visits that are due first. @param partition null: all */
  async openVisits(partition: number | null): Promise<LastKnown<VisitSummary[]>> {
    let latest = this.open.get(partition);
    if (latest === undefined) {
      latest = this.latest(async () => openVisits(this.pool, await this.rules(), { partition, limit: LIST }), 1_000);
      this.open.set(partition, latest);
    }
    return await latest.get();
  }

  visit(id: string, offset: number) {
    return this.ask('visit', id, (rules) => inspectVisit(this.pool, rules, id, { limit: EVENTS, offset }));
  }

  session(id: string, offset: number) {
    return this.ask('session', id, (rules) => inspectSession(this.pool, rules, id, { limit: LIST, offset }));
  }

  profile(id: string, offset: number) {
    return this.ask('profile', id, (rules) => inspectProfile(this.pool, rules, id, { limit: LIST, offset }));
  }

  find(text: string) {
    return this.reach(() => search(this.pool, text));
  }

  /** Waits no longer than an orderly end allows: an answer may never come. */
  async close(): Promise<void> {
    await within(wallClock, CLOSE, this.pool.end());
  }

  private rules(): Promise<StateRules> {
    return stateRules(this.pool, this.settings);
  }

  private latest<T>(read: () => Promise<T>, every: number): Latest<T> {
    return new Latest(() => read().catch((error) => Promise.reject(explained(error, TIMEOUT))), {
      every,
      patience: 800,
    });
  }

  private async ask<T>(kind: string, id: string, read: (rules: StateRules) => Promise<T | null>): Promise<T> {
    const found = await this.reach(async () => read(await this.rules()));
    if (found === null) throw new Problem(404, `no ${kind} has the id ${id}`);
    return found;
  }

  private async reach<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw new Problem(503, explained(error, TIMEOUT).message, { cause: error });
    }
  }
}
