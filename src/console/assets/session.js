// One session: its sums, its visits, and the time between them.
import { h } from './dom.js';
import { factList, pager, panel, reportPage } from './report.js';
import { at, count, duration } from './time.js';
import { sessionTimeline } from './timeline.js';
import { allTable, LIST, link } from './visit-tables.js';

export function sessionPage(context) {
  return reportPage({ ...context, kind: 'session', title: 'Session', sectionsOf, mayChange: () => true });
}

function sectionsOf({ report: { sums, visits } }, turn) {
  return [
    ['spread', sums.length > 1 ? sums.map(({ partition }) => partition) : null, () => spread(sums)],
    ['sums', sums, () => sumsOf(sums)],
    ['line', visits.items, () => panel('Its visits in time', sessionTimeline(visits.items))],
    ['visits', visits, () => visitsOf(visits, 'session', turn)],
    ['note', 0, note],
  ];
}

function spread(sums) {
  const partitions = sums.map(({ partition }) => partition).join(', ');
  const text = `Its records are spread over partitions ${partitions}: it is folded as ${sums.length} sessions. Let producers use the session id as the key.`;
  return h('p', { class: 'notice' }, text);
}

function sumsOf(sums) {
  if (sums.length === 0) return h('p', { class: 'muted' }, 'Debug traffic alone: it counts in no session.');
  return panel('Sums', sums.map(sumOf));
}

function sumOf(sum) {
  return factList([
    ['profile of its last visit', sum.profileId === null ? null : link('profile', sum.profileId)],
    ['visits', count(sum.visitCount)],
    ['events', `${count(sum.eventCount)}, ${count(sum.pageViewCount)} page views`],
    ['late events', count(sum.lateEventCount)],
    ['time in visits', duration(sum.totalDurationMs)],
    ['first event', at(sum.startedAt)],
    ['last event', sum.endedAt === null ? 'a visit is open' : at(sum.endedAt)],
    ['partition', String(sum.partition)],
  ]);
}

/** The visits of a session or a profile. */
export function visitsOf(visits, kind, turn) {
  const table = allTable(`Visits of this ${kind}, the one that started last first`);
  table.update(visits.items);
  return panel('Visits', table.element, pager(visits, LIST, turn, ['later ones', 'earlier ones']));
}

function note() {
  const text =
    'A session is all that carries one session id. A pause longer than the gap, or an ending event, begins its next visit.';
  return h('p', { class: 'muted' }, text);
}
