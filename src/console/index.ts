import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { Problem, type Query, type Site } from '../http/site.ts';
import type { PartitionReport } from '../ports/observer.ts';
import { type Loaded, settingsInForce } from '../settings/index.ts';
import { AsideTopics } from './aside.ts';
import { readAssets } from './assets.ts';
import { type Live, type LiveParts, liveView } from './live.ts';
import { ConsoleStore } from './store.ts';
import { isSpan, SPANS } from './trend-queries.ts';
import { TrendsStore } from './trends.ts';

export interface ConsoleParts {
  readonly loaded: Loaded;
  readonly version: string;
  readonly reports: () => readonly PartitionReport[];
  /** Gives why the processor is not ready; null: it is. */
  readonly ready: () => string | null;
  /** Where the state is; in memory the topics are too. */
  readonly state: 'postgres' | 'memory';
  readonly logger: Logger;
}

export interface Console {
  readonly site: Site;
  close(): Promise<void>;
}

/**
 * The console: a page, and the answers that it asks for. Nothing is read before a page asks. The processor gives it its
 * reports and does not know it.
 */
export function openConsole({ loaded, version, reports, ready, state, logger }: ConsoleParts): Console {
  const { settings } = loaded;
  const store = state === 'postgres' ? new ConsoleStore(settings) : null;
  const aside = state === 'postgres' ? new AsideTopics(settings, logger) : null;
  const trends = state === 'postgres' ? new TrendsStore(settings.database) : null;
  const instance = { name: `${hostname()}:${process.pid}`, version, startedAt: Date.now() };
  const parts: LiveParts = { settings, instance, reports, ready, store, now: Date.now };
  return {
    site: { assets: readAssets(), answers: answersOf(loaded, parts, aside, trends) },
    close: async () => {
      await Promise.all([store?.close(), trends?.close()]);
    },
  };
}

function answersOf(
  loaded: Loaded,
  parts: LiveParts,
  aside: AsideTopics | null,
  trends: TrendsStore | null,
): Site['answers'] {
  return new Map<string, (query: Query) => Promise<unknown>>([
    ['/console/live', () => liveView(parts)],
    ['/console/visits', (query) => visits(parts, query)],
    ['/console/visit', (query) => reportOf(parts, 'visit', query)],
    ['/console/session', (query) => reportOf(parts, 'session', query)],
    ['/console/profile', (query) => reportOf(parts, 'profile', query)],
    ['/console/find', (query) => find(parts, query)],
    ['/console/dead-letters', () => setAside(loaded, aside)],
    ['/console/trends', (query) => trendsOf(parts, trends, query)],
    ['/console/settings', async () => ({ settings: settingsInForce(loaded) })],
  ]);
}

/** Open visits in order of when they are due, and the last that ended. */
async function visits(parts: LiveParts, query: Query): Promise<unknown> {
  const partition = numberOf(query, 'partition');
  const store = withStore(parts);
  const live: Live = await liveView(parts);
  if (partition !== null && !live.partitions.some((one) => one.partition === partition)) {
    throw new Problem(404, `partition ${partition} is not known`);
  }
  const open = await store.openVisits(partition);
  const { value, at, error } = open;
  return { at: live.at, open: value ?? [], readAt: at, error };
}

async function reportOf(parts: LiveParts, kind: 'visit' | 'session' | 'profile', query: Query): Promise<unknown> {
  const id = textOf(query, 'id');
  const offset = numberOf(query, 'offset') ?? 0;
  const report = await withStore(parts)[kind](id, offset);
  return { at: parts.now(), gap: parts.settings.visit.gap, report };
}

/** `last` is null if the topics are not in Kafka, or were not read yet. */
async function setAside({ settings }: Loaded, aside: AsideTopics | null): Promise<unknown> {
  const topics = { deadLetter: settings.deadLetter.topic, late: settings.late.topic };
  const { value = null, error = null } = (await aside?.get()) ?? {};
  return { topics, last: value, error };
}

async function trendsOf(parts: LiveParts, trends: TrendsStore | null, query: Query): Promise<unknown> {
  const span = query.get('span') ?? '';
  if (!isSpan(span)) throw new Problem(400, `span has to be one of ${Object.keys(SPANS).join(', ')}`);
  if (trends === null) throw new Problem(503, 'the state is in memory: there is no Postgres to ask for trends');
  return { span, ...SPANS[span], trends: await trends.get(span), at: parts.now() };
}

async function find(parts: LiveParts, query: Query): Promise<unknown> {
  const text = textOf(query, 'q');
  return await withStore(parts).find(text);
}

function withStore({ store }: LiveParts): ConsoleStore {
  if (store !== null) return store;
  throw new Problem(503, 'the state is in memory: there is no Postgres to read visits, sessions and profiles from');
}

function textOf(query: Query, name: string): string {
  const text = query.get(name) ?? '';
  if (text === '' || text.length > 256 || text.includes('\0')) {
    throw new Problem(400, `${name} has to be text of 1 to 256 characters`);
  }
  return text;
}

/** A whole number from 0; null: the query does not have it. */
function numberOf(query: Query, name: string): number | null {
  const text = query.get(name);
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw new Problem(400, `${name} has to be a whole number`);
  return Number(text);
}
