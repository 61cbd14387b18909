import {
  type FullVisit,
  type InspectedEvent,
  type InspectedRevision,
  SHOWN_TOGETHER,
  type VisitReport,
} from '../../inspect/index.ts';
import type { Style } from '../style.ts';
import { type Column, factTable, table, visible } from '../table.ts';
import { gap, lasting, number, utc } from '../words.ts';
import { pageNote, pathText } from './visits.ts';

/** One visit in full, for people. */
export function visitText(report: VisitReport, style: Style): string {
  const { visit, events, revisions } = report;
  const parts = [`${style.bold(`visit ${report.visitId}`)}${visit?.debug ? ' (debug)' : ''}\n${report.why}\n`];
  if (visit !== null) parts.push(factTable(factsOf(visit, report), style.dim));
  if (visit !== null) {
    const { items, offset, total } = events;
    const note = items.length < total ? `${style.dim(pageNote(offset, items.length, total))}\n` : '';
    parts.push(`${table(eventColumns(report, style), items, style.bold)}${note}`);
  }
  if (revisions.length > 0) parts.push(table(REVISIONS, revisions, style.bold));
  return parts.join('\n');
}

function factsOf(visit: FullVisit, { merged, longestGapMs }: VisitReport): (readonly [string, string | null])[] {
  const { pageViewCount, lateEventCount } = visit;
  const counts = [
    `${number(pageViewCount)} page views`,
    ...(lateEventCount > 0 ? [`${number(lateEventCount)} late`] : []),
  ];
  const opened = `partition ${visit.openedPartition}, offset ${visit.openedOffset}`;
  return [
    ['session', visible(visit.sessionId)],
    ['profile', text(visit.profileId)],
    ['source', text(visit.sourceId)],
    ['started', `${utc(visit.startedAt)} UTC`],
    ['last event', `${utc(visit.lastEventAt)} UTC`],
    ['duration', lasting(visit.durationMs)],
    ['events', `${number(visit.eventCount)} (${counts.join(', ')})`],
    ['longest gap', longestGapMs === null ? null : lasting(longestGapMs)],
    ['pages', pathText(visit)],
    ...SHOWN_TOGETHER.map(([label, names]) => [label, list(names.map((name) => visit[name]))] as const),
    ['opened by', `${opened} of the input`],
    ['merged in', merged.join(', ')],
  ];
}

function text(value: string | null): string | null {
  return value === null ? null : visible(value);
}

function list(values: readonly (string | null)[]): string {
  return values.flatMap((value) => (value === null ? [] : [visible(value)])).join(' / ');
}

function eventColumns({ longestGapMs }: VisitReport, style: Style): Column<InspectedEvent>[] {
  return [
    { title: '#', cell: ({ position }) => number(position), align: 'right' },
    { title: 'time (UTC)', cell: ({ occurredAt }) => utc(occurredAt) },
    {
      title: 'gap',
      cell: ({ gapMs }) => ({ text: gap(gapMs), paint: gapMs === longestGapMs ? style.yellow : style.dim }),
      align: 'right',
    },
    { title: 'type', cell: ({ type }) => visible(type) },
    { title: 'page', cell: ({ page }) => visible(page ?? ''), most: 60 },
    { title: 'event id', cell: ({ eventId }) => visible(eventId) },
  ];
}

const REVISIONS: readonly Column<InspectedRevision>[] = [
  { title: 'revision', cell: ({ revision }) => String(revision), align: 'right' },
  { title: 'decided (UTC)', cell: ({ decidedAt }) => utc(decidedAt) },
  { title: 'reason', cell: ({ reason }) => reason },
  { title: 'started (UTC)', cell: ({ startedAt }) => utc(startedAt) },
  { title: 'ended (UTC)', cell: ({ endedAt }) => utc(endedAt) },
  { title: 'events', cell: ({ eventCount }) => number(eventCount), align: 'right' },
  { title: '', cell: ({ retracted, mergedInto }) => (retracted ? `retracted: merged into ${mergedInto}` : '') },
];
