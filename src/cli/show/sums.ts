import type { ProfileReport, SessionReport, SessionSums } from '../../inspect/index.ts';
import type { Style } from '../style.ts';
import { type Column, factTable, table, visible } from '../table.ts';
import { lasting, number, utc } from '../words.ts';
import { visitTable } from './visits.ts';

/** One session in full, for people. */
export function sessionText({ sessionId, sums, visits }: SessionReport, style: Style): string {
  const parts = [`${style.bold(`session ${visible(sessionId)}`)}\n${sessionSentence(sums)}\n`];
  if (sums.length > 0) parts.push(table(SUMS, sums, style.bold));
  parts.push(visitTable(visits, style, false));
  return parts.join('\n');
}

function sessionSentence(sums: readonly SessionSums[]): string {
  if (sums.length === 0) return 'it has debug visits alone, which count in no session';
  if (sums.length > 1) {
    return `its records came by ${sums.length} partitions, so it is folded as ${sums.length} sessions: let producers key them by session id`;
  }
  const { endedAt } = sums[0]!;
  return endedAt === null ? 'one of its visits is open' : 'all its visits have ended; another event may start the next';
}

const SUMS: readonly Column<SessionSums>[] = [
  { title: 'partition', cell: ({ partition }) => String(partition), align: 'right' },
  { title: 'profile', cell: ({ profileId }) => (profileId === null ? '-' : visible(profileId)) },
  { title: 'visits', cell: ({ visitCount }) => number(visitCount), align: 'right' },
  { title: 'events', cell: ({ eventCount }) => number(eventCount), align: 'right' },
  { title: 'pages', cell: ({ pageViewCount }) => number(pageViewCount), align: 'right' },
  { title: 'late', cell: ({ lateEventCount }) => number(lateEventCount), align: 'right' },
  { title: 'duration', cell: ({ totalDurationMs }) => lasting(totalDurationMs) },
  { title: 'started (UTC)', cell: ({ startedAt }) => utc(startedAt) },
  { title: 'ended (UTC)', cell: ({ endedAt }) => utc(endedAt) },
];

/** One profile in full, for people. */
export function profileText({ profileId, sums, visits }: ProfileReport, style: Style): string {
  const head = style.bold(`profile ${visible(profileId)}`);
  const parts = [sums === null ? `${head}\nit has debug visits alone, which count in no profile\n` : `${head}\n`];
  if (sums !== null) {
    const traits = Object.entries(sums.traits).map(
      ([key, value]) => `${visible(key)}=${visible(JSON.stringify(value))}`,
    );
    parts.push(
      factTable(
        [
          ['visits', `${number(sums.visitCount)} in ${number(sums.sessionCount)} sessions`],
          ['events', `${number(sums.eventCount)} (${number(sums.pageViewCount)} page views)`],
          ['duration', lasting(sums.totalDurationMs)],
          [
            'first seen',
            sums.firstSeenAt === null ? 'never: traits alone are known of it' : `${utc(sums.firstSeenAt)} UTC`,
          ],
          ['last seen', sums.lastSeenAt === null ? null : `${utc(sums.lastSeenAt)} UTC`],
          ['traits', traits.join('  ')],
        ],
        style.dim,
      ),
    );
  }
  if (visits.total > 0) parts.push(visitTable(visits, style, true));
  return parts.join('\n');
}
