import type { Page, VisitSummary } from '../../inspect/index.ts';
import type { Style } from '../style.ts';
import { type Column, table, visible } from '../table.ts';
import { lasting, number, utc } from '../words.ts';

/** Visits of a session or a profile, a line each. */
export function visitTable({ total, offset, items }: Page<VisitSummary>, style: Style, withSession: boolean): string {
  const columns: Column<VisitSummary>[] = [
    { title: 'visit', cell: ({ visitId }) => visitId },
    ...(withSession ? [{ title: 'session', cell: ({ sessionId }: VisitSummary) => visible(sessionId) }] : []),
    { title: 'status', cell: (visit) => statusOf(visit, style) },
    { title: 'started (UTC)', cell: ({ startedAt }) => utc(startedAt) },
    { title: 'duration', cell: ({ durationMs }) => lasting(durationMs) },
    { title: 'events', cell: ({ eventCount }) => number(eventCount), align: 'right' },
    { title: 'rev', cell: ({ revision }) => (revision === null ? '-' : String(revision)), align: 'right' },
    { title: 'pages', cell: pathText },
  ];
  const rest = total - offset - items.length;
  const more = rest > 0 || offset > 0 ? `${style.dim(pageNote(offset, items.length, total))}\n` : '';
  return `${table(columns, items, style.bold)}${more}`;
}

/** `3 of 12, from the 5th on`, and how to see the others. */
export function pageNote(offset: number, shown: number, total: number): string {
  const rest = total - offset - shown;
  const next = rest > 0 ? `; --offset ${offset + shown} goes on` : '';
  return `${number(shown)} of ${number(total)}${offset > 0 ? ` behind the first ${number(offset)}` : ''}${next}`;
}

export function statusOf({ status, endReason, debug }: VisitSummary, style: Style) {
  const text = `${status === 'open' ? 'open' : `ended: ${endReason}`}${debug ? ', debug' : ''}`;
  return { text, paint: status === 'open' ? style.green : (plain: string) => plain };
}

/** The visitor's way through the site. */
export function pathText({ entryPage, exitPage }: Pick<VisitSummary, 'entryPage' | 'exitPage'>): string {
  if (entryPage === null) return '';
  const entry = visible(entryPage);
  return exitPage === null || exitPage === entryPage ? entry : `${entry} → ${visible(exitPage)}`;
}
