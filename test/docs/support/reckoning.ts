/** Functions by which the answers are reckoned, plain and slow. */
import type { Facts, Row, Visit, VisitEvent } from './facts.ts';

export const DAY = 86_400_000;
export const ZONE = 'Europe/Berlin';
export const dayFormat = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE });
export const hourFormat = new Intl.DateTimeFormat('en', { timeZone: ZONE, hour: 'numeric', hourCycle: 'h23' });
export const dayOf = (ms: number) => dayFormat.format(ms);

/** Groups in the order of first appearance. */
export function groups<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  return [...Map.groupBy(items, (item) => JSON.stringify(keyOf(item))).values()];
}

export const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((total, item) => total + of(item), 0);
export const mean = <T>(items: readonly T[], of: (item: T) => number) => sum(items, of) / items.length;
export const percent = (part: number, whole: number) => Math.round((1_000 * part) / whole) / 10;
export const durationOf = (visit: Visit) => visit.last_event_at - visit.started_at;
export const distinct = (values: readonly unknown[]) => new Set(values.filter((value) => value !== null)).size;

/** A percentile as in Postgres: interpolated between the two nearest values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  return Math.round(low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at)));
}

export type Compare = (a: string, b: string) => number;
export type Answer = (facts: Facts) => Row[];

export const byBytes: Compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Sorts by each of these in turn, as a query does, with null last. */
export function inOrder<T>(collate: Compare, rows: readonly T[], by: readonly ((row: T) => unknown)[]): T[] {
  return [...rows].sort((a, b) => {
    for (const of of by) {
      const [x, y] = [of(a), of(b)];
      if (x === y) continue;
      if (x === null || y === null) return x === null ? 1 : -1;
      const way = typeof x === 'string' ? collate(x, y as string) : Number(x) - Number(y);
      if (way !== 0) return way;
    }
    return 0;
  });
}

export const counted = (visits: readonly Visit[]) => visits.filter(({ debug }) => !debug);
export const since = (visits: readonly Visit[], from: number) => visits.filter(({ started_at }) => started_at >= from);

/** The pages of the page views, in order of time. */
export function pagesOf(visit: Visit, events: readonly VisitEvent[]): (string | null)[] {
  const mine = events.filter(({ visit_id, type }) => visit_id === visit.visit_id && type === 'page-view');
  const by = [(event: VisitEvent) => event.occurred_at, (event: VisitEvent) => event.event_id];
  return inOrder(byBytes, mine, by).map(({ page }) => page);
}

/** Ended visits of the last day, with the pages that they viewed. */
export const journeys = ({ visits, events, now }: Facts) =>
  since(counted(visits), now - DAY)
    .filter(({ status }) => status === 'ended')
    .map((visit) => pagesOf(visit, events));

export function perDay(visits: readonly Visit[], of: (visits: readonly Visit[]) => Row): Row[] {
  const rows = groups(visits, ({ started_at }) => dayOf(started_at)).map((some) => ({
    day: dayOf(some[0]!.started_at),
    ...of(some),
  }));
  return inOrder(byBytes, rows, [({ day }) => day]);
}
