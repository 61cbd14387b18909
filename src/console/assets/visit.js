// One visit: the sentence why it ended or what it waits for, its events in time, and what was published of it.
import { h, show } from './dom.js';
import { factList, failed } from './session.js';
import { Table } from './table.js';
import { at, count, duration } from './time.js';
import { timeline } from './timeline.js';
import { link } from './visit-tables.js';
import { REASONS } from './words.js';

const EVERY = 2_000;
const PAGE = 200;

export function visitPage({ argument, load, signal }) {
  let timer = null;
  let shown = '';
  let offset = 0;
  const status = h('span', {});
  const body = h('div', { class: 'page' }, h('p', { class: 'empty' }, 'Loading…'));
  const element = h(
    'div',
    { class: 'page' },
    h('div', { class: 'page-head' }, h('h1', {}, 'Visit ', h('span', { class: 'id' }, argument)), status),
    body,
  );

  function ask() {
    load('visit', { id: argument, offset }, onAnswer, (error) => {
      // What is shown stays: the bar above says that it is not current.
      if (shown === '') show(body, failed(error));
      if (error.status !== 404 && error.status !== 400) again();
    });
  }

  function onAnswer(report) {
    const text = JSON.stringify(report);
    if (text !== shown) {
      shown = text;
      show(status, statusOf(report));
      show(body, parts(report, turn));
    }
    // An ended visit may be amended, an open one goes on: looked at again while it can change.
    if (report.visit !== null && !report.visit.final) again();
  }

  function turn(to) {
    offset = to;
    clearTimeout(timer);
    ask();
  }

  function again() {
    if (!signal.aborted) timer = setTimeout(() => (document.hidden ? again() : ask()), EVERY);
  }

  ask();
  return { element, close: () => clearTimeout(timer) };
}

function statusOf({ visit, mergedInto }) {
  if (visit === null) return h('span', { class: 'tag' }, mergedInto === null ? 'gone' : 'merged away');
  return [
    h('span', { class: `tag ${visit.status}` }, visit.status),
    visit.debug && [' ', h('span', { class: 'tag' }, 'debug')],
    visit.final && [' ', h('span', { class: 'tag' }, 'final')],
  ];
}

function parts(report, turn) {
  const { why, visit, mergedInto, merged } = report;
  return [
    h(
      'section',
      { class: 'panel', 'aria-labelledby': 'why' },
      h('h2', { class: 'hidden', id: 'why' }, 'Why'),
      h('p', { class: 'why' }, `${why}.`),
      moments(report),
    ),
    mergedInto !== null && h('p', {}, 'Its events are in ', link('visit', mergedInto), '.'),
    visit !== null && [panel('Timeline', timeline(report)), events(report, turn)],
    revisions(report),
    merged.length > 0 &&
      panel(
        'Merged into it',
        h(
          'ul',
          { class: 'ids' },
          merged.map((id) => h('li', {}, link('visit', id))),
        ),
      ),
    visit !== null && about(visit),
  ];
}

/** The sentence's moments in the viewer's own time. */
function moments({ visit, longestGapMs }) {
  if (visit === null) return null;
  const { ending, endReason } = visit;
  const facts =
    ending === null
      ? [
          ['reason', REASONS[endReason] ?? endReason],
          ['ended (its last event)', at(visit.endedAt)],
          ['decided, by the arrival clock', at(visit.decidedAt)],
          ['can change until the watermark is past', at(visit.amendableUntil)],
          ['longest pause in it', longestGapMs === null ? '–' : duration(longestGapMs)],
        ]
      : [
          ['last event', at(visit.lastEventAt)],
          ['ends when the watermark is past', at(ending.watermarkToPass)],
          ['the watermark is at', at(ending.watermark)],
          ['if no records come, ends at', ending.endsAt === null ? 'the next record' : at(ending.endsAt)],
          ['longest pause in it', longestGapMs === null ? '–' : duration(longestGapMs)],
        ];
  return [h('hr', {}), factList(facts)];
}

function events({ events: { total, offset, items } }, turn) {
  const table = new Table({
    caption: 'Events of the visit in order of time',
    keyOf: ({ position }) => position,
    empty: 'None.',
    columns: [
      { title: '#', num: true, cell: ({ position }) => String(position) },
      { title: 'time', cell: ({ occurredAt }) => at(occurredAt) },
      { title: 'pause before', num: true, cell: ({ gapMs }) => (gapMs === null ? '' : duration(gapMs)) },
      { title: 'type', cell: ({ type }) => h('b', { class: 'wrap' }, type) },
      { title: 'page', cell: ({ page }) => h('span', { class: 'wrap' }, page ?? '–') },
      {
        title: 'properties',
        cell: ({ properties }) => (properties === null ? '' : h('code', { class: 'wrap' }, JSON.stringify(properties))),
      },
      { title: 'event id', cell: ({ eventId }) => h('span', { class: 'id muted' }, eventId) },
    ],
  });
  table.update(items);
  const from = offset + 1;
  const to = offset + items.length;
  const pages =
    total > items.length &&
    h(
      'p',
      { class: 'more row' },
      `${count(from)} to ${count(to)} of ${count(total)}`,
      offset > 0 && h('button', { type: 'button', onclick: () => turn(Math.max(0, offset - PAGE)) }, 'earlier'),
      to < total && h('button', { type: 'button', onclick: () => turn(offset + PAGE) }, 'later'),
    );
  return panel(`${count(total)} ${total === 1 ? 'event' : 'events'}`, table.element, pages);
}

function revisions({ revisions: all }) {
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
      {
        title: '',
        cell: ({ retracted, mergedInto }) =>
          retracted ? [h('span', { class: 'bad' }, 'retracted: merged into '), link('visit', mergedInto)] : '',
      },
    ],
  });
  table.update(all);
  return panel('Published', table.element);
}

function about(visit) {
  const utm = ['Source', 'Medium', 'Campaign', 'Term', 'Content'].map((name) => [
    `utm ${name.toLowerCase()}`,
    visit[`utm${name}`],
  ]);
  const named = [
    ['session', link('session', visit.sessionId)],
    ['profile', visit.profileId === null ? null : link('profile', visit.profileId)],
    ['source', visit.sourceId],
    ['first event', at(visit.startedAt)],
    ['duration', duration(visit.durationMs)],
    ['page views', count(visit.pageViewCount)],
    ['late events', count(visit.lateEventCount)],
    ['entry page', visit.entryPage],
    ['exit page', visit.exitPage],
    ['referrer', visit.referrer],
    ...utm,
    ...['deviceType', 'deviceBrand', 'deviceModel', 'os', 'browser', 'country', 'region', 'city'].map((name) => [
      name.replace('device', 'device ').toLowerCase(),
      visit[name],
    ]),
    ['opened by', `partition ${visit.openedPartition}, offset ${visit.openedOffset}`],
    ['row written', at(visit.updatedAt)],
  ];
  const context = h(
    'details',
    {},
    h('summary', {}, 'Context, merged'),
    h('pre', {}, JSON.stringify(visit.context, null, 2)),
  );
  return panel('About it', factList(named.filter(([, value]) => value !== null)), context);
}

function panel(title, ...children) {
  return h(
    'section',
    { class: 'panel', 'aria-label': title },
    h('div', { class: 'panel-head' }, h('h2', {}, title)),
    children,
  );
}
