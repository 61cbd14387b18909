// One visit: the sentence why it ended or what it waits for, its events in time, and what was published of it.
import { h } from './dom.js';
import { factList, pager, panel, reportPage } from './report.js';
import { Table } from './table.js';
import { at, count, duration, sentence } from './time.js';
import { visitTimeline } from './timeline.js';
import { VALUES } from './values.gen.js';
import { link } from './visit-tables.js';
import { REASONS } from './words.js';

/** Events in one answer of the processor. */
const PAGE = 200;

export function visitPage(context) {
  // An open visit goes on, and an ended one may be amended until it is final.
  const mayChange = ({ report }) => report.visit !== null && !report.visit.final;
  return reportPage({ ...context, kind: 'visit', title: 'Visit', sectionsOf, mayChange });
}

function sectionsOf({ at: now, gap, report }, turn) {
  const { visit, why, mergedInto, merged, events, revisions, longestGapMs } = report;
  return [
    ['status', { status: visit?.status, debug: visit?.debug, final: visit?.final }, () => statusOf(visit)],
    [
      'why',
      { why, ending: visit?.ending, amendable: visit?.amendableUntil },
      () => whyOf(why, now, visit, longestGapMs),
    ],
    ['into', mergedInto, () => h('p', {}, 'Its events are in ', link('visit', mergedInto), '.')],
    [
      'timeline',
      visit === null ? null : { events, watermark: visit.ending?.watermark, goal: visit.ending?.watermarkToPass },
      () => panel('Timeline', visitTimeline(report, gap)),
    ],
    ['events', visit === null ? null : events, () => eventsOf(events, turn)],
    ['revisions', revisions, () => revisionsOf(revisions)],
    ['merged', merged.length === 0 ? null : merged, () => panel('Merged into it', idList(merged))],
    ['about', visit === null ? null : { ...visit, ending: null, why: null }, () => aboutOf(visit)],
  ];
}

function statusOf(visit) {
  const tag = (kind, text) => h('span', { class: `tag ${kind}` }, text);
  if (visit === null) return tag('', 'merged away');
  return h(
    'span',
    {},
    tag(visit.status, visit.status),
    visit.debug && [' ', tag('', 'debug')],
    visit.final && [' ', tag('', 'final')],
  );
}

function whyOf(why, now, visit, longestGapMs) {
  const sentenceElement = sentence(`${why.charAt(0).toUpperCase()}${why.slice(1)}.`, now);
  return h(
    'section',
    { class: 'panel', 'aria-labelledby': 'why' },
    h('h2', { class: 'hidden', id: 'why' }, 'Why'),
    h('p', { class: 'why' }, sentenceElement),
    visit !== null && [h('hr', {}), factList(momentsOf(visit, longestGapMs))],
  );
}

function momentsOf({ ending, endReason, endedAt, decidedAt, amendableUntil, lastEventAt }, longestGapMs) {
  const pause = ['longest pause in it', longestGapMs === null ? '–' : duration(longestGapMs)];
  if (ending === null) {
    return [
      ['reason', REASONS[endReason] ?? endReason],
      ['its last event', at(endedAt)],
      ['decided, by the arrival clock', at(decidedAt)],
      ['can change until the watermark is past', at(amendableUntil)],
      pause,
    ];
  }
  return [
    ['its last event', at(lastEventAt)],
    ['ends when the watermark is past', at(ending.watermarkToPass)],
    ['the watermark is at', at(ending.watermark)],
    ['if no records come, ends at', ending.endsAt === null ? 'the next record' : at(ending.endsAt)],
    pause,
  ];
}

function eventsOf(events, turn) {
  const wrap = (text, kind = '') => h('span', { class: `wrap ${kind}` }, text);
  const table = new Table({
    caption: 'Events of the visit in order of time',
    keyOf: ({ position }) => position,
    empty: 'None.',
    columns: [
      { title: '#', num: true, cell: ({ position }) => String(position) },
      { title: 'time', cell: ({ occurredAt }) => at(occurredAt) },
      { title: 'pause before', num: true, cell: ({ gapMs }) => (gapMs === null ? '' : duration(gapMs)) },
      { title: 'type', cell: ({ type }) => wrap(h('b', {}, type)) },
      { title: 'page', cell: ({ page }) => wrap(page ?? '–') },
      { title: 'properties', cell: ({ properties }) => wrap(propertiesOf(properties), 'id') },
      { title: 'event id', cell: ({ eventId }) => h('span', { class: 'id muted' }, eventId) },
    ],
  });
  table.update(events.items);
  const title = `${count(events.total)} ${events.total === 1 ? 'event' : 'events'}`;
  return panel(title, table.element, pager(events, PAGE, turn, ['earlier ones', 'later ones']));
}

function propertiesOf(properties) {
  return properties === null || Object.keys(properties).length === 0 ? '' : JSON.stringify(properties);
}

function revisionsOf(revisions) {
  const back = ({ retracted, mergedInto }) =>
    retracted ? [h('span', { class: 'bad' }, 'retracted: merged into '), link('visit', mergedInto)] : '';
  const table = new Table({
    caption: 'Published revisions',
    keyOf: ({ revision }) => revision,
    empty: 'Nothing was published of it yet: that happens when it ends.',
    columns: [
      { title: 'revision', num: true, cell: ({ revision }) => String(revision) },
      {
        title: 'decided',
        means: 'The arrival clock of the log when this was decided.',
        cell: ({ decidedAt }) => at(decidedAt),
      },
      { title: 'reason', cell: ({ reason }) => REASONS[reason] ?? reason },
      { title: 'from', cell: ({ startedAt }) => at(startedAt) },
      { title: 'to', cell: ({ endedAt }) => at(endedAt) },
      { title: 'events', num: true, cell: ({ eventCount }) => count(eventCount) },
      { title: 'taken back', cell: back },
    ],
  });
  table.update(revisions);
  return panel('Published', table.element);
}

function idList(ids) {
  return h(
    'ul',
    { class: 'ids' },
    ids.map((id) => h('li', {}, link('visit', id))),
  );
}

function aboutOf(visit) {
  const facts = [
    ['session', link('session', visit.sessionId)],
    ['profile', visit.profileId === null ? null : link('profile', visit.profileId)],
    ['source', visit.sourceId],
    ['first event', at(visit.startedAt)],
    ['duration', duration(visit.durationMs)],
    ['page views', count(visit.pageViewCount)],
    ['late events', count(visit.lateEventCount)],
    ...VALUES.map(([name, label]) => [label, visit[name]]),
    ['opened by', `partition ${visit.openedPartition}, offset ${visit.openedOffset}`],
    ['row written', at(visit.updatedAt)],
  ];
  const context = h('pre', {}, JSON.stringify(visit.context, null, 2));
  return panel('About it', factList(facts), h('details', {}, h('summary', {}, 'Context, merged'), context));
}
