/** The picture of a moment. Pure: text from values. */

import type { Style } from '../cli/style.ts';
import { type Cell, type FixedColumn, fixedTable, line } from '../cli/table.ts';
import type { PartitionReport } from '../ports/observer.ts';
import { formatDuration, type Settings } from '../settings/index.ts';
import type { WrittenCounts } from '../simulate/write.ts';
import type { Look, Parts, ProfileRow, Received, SessionRow, ShownVisit } from './parts.ts';
import type { Size } from './screen.ts';
import { pathText, seconds, shortId, timeOfDay } from './words.ts';

export interface Moment {
  /** ms since the epoch. */
  readonly now: number;
  /** How long traffic has been written, and will be in all, ms. */
  readonly elapsed: number;
  readonly duration: number;
  /** Traffic is over, and the last visits have yet to end. */
  readonly draining: boolean;
  readonly written: WrittenCounts;
  readonly look: Look;
  readonly reports: readonly PartitionReport[];
  readonly received: readonly Received[];
}

/** Two lines that explain the picture. */
export function explanation({ visit }: Settings): [string, string] {
  return [
    `Event time: when a visitor acted. The watermark follows it, ${formatDuration(visit.outOfOrderness)} behind.`,
    `A visit ends when the watermark is ${formatDuration(visit.gap)} past its last event. Late ones reopen it.`,
  ];
}

/** How many visits the picture has room for. */
export function visitRowsIn({ rows }: Size): number {
  return Math.max(2, Math.min(16, Math.floor((rows - 14) * 0.6)));
}

/** The whole picture, as wide and as high as the terminal. @param visits those that have a row. */
export function picture(
  moment: Moment,
  visits: readonly ShownVisit[],
  { settings, labels }: Pick<Parts, 'settings' | 'labels'>,
  { columns, rows }: Size,
  style: Style,
): string[] {
  const [what, when] = explanation(settings);
  const height = visitRowsIn({ columns, rows });
  const shown = visitTable(visits, settings, moment.now, columns, style);
  const lines = [
    line([{ text: what, paint: style.dim }], columns),
    line([{ text: when, paint: style.dim }], columns),
    '',
    ...progress(moment, columns, style),
    '',
    heading('Visits', labels.visits, columns, style),
    ...shown,
    ...Array<string>(height + 1 - shown.length).fill(''),
    '',
    heading('Visit Ended', labels.output, columns, style),
  ];
  const room = Math.max(1, rows - 1 - lines.length);
  const messages = moment.received.slice(-room);
  for (const message of messages) lines.push(messageLine(message, columns, style));
  return lines.slice(0, rows - 1);
}

export function heading(name: string, from: string, width: number, style: Style): string {
  return line(
    [
      { text: name, paint: style.bold },
      { text: `  ${from}`, paint: style.dim },
    ],
    width,
  );
}

/** Three lines: how far the demo is, what became of the records, and the watermarks. */
export function progress(moment: Moment, width: number, style: Style): string[] {
  const { written, look, elapsed, duration, draining, reports, now } = moment;
  const { counts } = look;
  const first: Cell[] = draining
    ? [
        { text: 'traffic is over  ', paint: style.bold },
        look.open === 0 ? 'all visits have ended' : `the clock ends what is still open: ${look.open}`,
      ]
    : [
        { text: 'traffic  ', paint: style.bold },
        { text: bar(elapsed / duration, 20), paint: style.cyan },
        `  ${Math.floor(elapsed / 1_000)} of ${Math.round(duration / 1_000)} s`,
      ];
  const went = counts.started + counts.joined + counts.merged;
  const dead = counts.undecodable + counts.invalid + counts.future + counts.visitFull;
  const watermarks = reports.flatMap(({ watermark }) => (watermark === null ? [] : [watermark]));
  const lowest = watermarks.length === 0 ? null : Math.min(...watermarks);
  return [
    line(first, width),
    line(
      [
        `written ${written.records} → folded ${counts.records}`,
        `: in visits ${went} · duplicates ${counts.duplicate} · late ${counts.late} · dead letters ${dead}`,
      ],
      width,
    ),
    line(
      [
        'visits ',
        { text: `open ${look.open}`, paint: style.green },
        ` · ended ${look.ended}   watermark `,
        lowest === null
          ? 'not known yet'
          : `${timeOfDay(lowest)}, ${seconds(Math.max(0, now - lowest))} behind the clock`,
      ],
      width,
    ),
  ];
}

const VISIT_COLUMNS: readonly FixedColumn[] = [
  { title: 'session', width: 8 },
  { title: 'status', width: 16 },
  { title: 'events', width: 6, align: 'right' },
  { title: 'pages', width: 5, align: 'right' },
  { title: 'lasted', width: 6, align: 'right' },
  { title: 'pages seen first and last', width: 25 },
];

/** A bar of `width` characters, `share` of it full. */
function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '■'.repeat(full) + '·'.repeat(width - full);
}

/** Open visits, some opened again, each with a bar that fills while it is silent: once it is full the visit is about to end. */
export function visitTable(
  visits: readonly ShownVisit[],
  { visit: { gap } }: Settings,
  now: number,
  width: number,
  style: Style,
): string[] {
  const rows = visits.map((visit): Cell[] => {
    const status: Cell =
      visit.status === 'ended'
        ? { text: `ended ${visit.endReason}`, paint: style.yellow }
        : {
            text: `${visit.revision === null ? 'open ' : 'again'} ${bar((now - visit.lastEventAt) / gap, 10)}`,
            paint: visit.revision === null ? style.green : style.cyan,
          };
    const { sessionId, eventCount, pageViewCount, startedAt, lastEventAt, entryPage, exitPage, debug } = visit;
    return [
      shortId(sessionId),
      status,
      String(eventCount),
      String(pageViewCount),
      seconds(lastEventAt - startedAt),
      `${debug ? '(debug) ' : ''}${pathText(entryPage, exitPage)}`,
    ];
  });
  return fixedTable(VISIT_COLUMNS, rows, width, style.dim);
}

/** One message of an output topic. @param name its name, where no heading has it. */
export function messageLine(message: Received, width: number, style: Style, name = ''): string {
  const at: Cell = { text: `  ${timeOfDay(message.at)}  `, paint: style.dim };
  if (message.topic !== 'output') {
    const topic = message.topic === 'late' ? 'late' : 'dead letter';
    return line([at, { text: topic.padEnd(13), paint: style.red }, `${shortId(message.key)}  ${message.why}`], width);
  }
  const { sessionId, revision, reason, retracted, eventCount, durationMs, entryPage, exitPage } = message.visit;
  const paint = retracted ? style.red : revision > 0 ? style.cyan : style.yellow;
  const what = retracted ? 'retracted' : reason;
  const events = `${eventCount} event${eventCount === 1 ? '' : 's'}`;
  return line(
    [
      at,
      { text: name, paint },
      `${shortId(sessionId)}  `,
      { text: `rev ${revision}  ${what.padEnd(10)}`, paint },
      `  ${events.padStart(9)}  ${seconds(durationMs).padStart(6)}  `,
      retracted ? 'merged into another' : pathText(entryPage, exitPage),
    ],
    width,
  );
}

const SUM_COLUMNS: readonly FixedColumn[] = [
  { title: 'visits', width: 6, align: 'right' },
  { title: 'events', width: 6, align: 'right' },
  { title: 'pages', width: 5, align: 'right' },
  { title: 'time', width: 7, align: 'right' },
];

export function sessionTable(sessions: readonly SessionRow[], width: number, style: Style): string[] {
  const columns = [{ title: 'session', width: 16 }, ...SUM_COLUMNS, { title: 'profile', width: 16 }];
  const rows = sessions.map((row) => [shortId(row.sessionId), ...sumsOf(row), row.profileId ?? '-']);
  return fixedTable(columns, rows, width, style.dim);
}

export function profileTable(profiles: readonly ProfileRow[], width: number, style: Style): string[] {
  const columns = [
    { title: 'profile', width: 16 },
    ...SUM_COLUMNS,
    { title: 'sessions', width: 8, align: 'right' } as const,
    { title: 'traits', width: 25 },
  ];
  const rows = profiles.map((row) => [
    row.profileId,
    ...sumsOf(row),
    String(row.sessionCount),
    Object.entries(row.traits)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
  ]);
  return fixedTable(columns, rows, width, style.dim);
}

function sumsOf({ visitCount, eventCount, pageViewCount, durationMs }: SessionRow | ProfileRow): string[] {
  return [String(visitCount), String(eventCount), String(pageViewCount), seconds(durationMs)];
}
