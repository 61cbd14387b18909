// Lists of visits.
import { h } from './dom.js';
import { Table } from './table.js';
import { at, count, duration, relative } from './time.js';
import { REASONS } from './words.js';

/** Visits in one answer of the processor. */
export const LIST = 100;

export function link(kind, id, text = id) {
  return h('a', { class: 'id', href: `#/${kind}/${encodeURIComponent(id)}` }, text);
}

/** A link with the end of the id, which differs between visits: its beginning is the time of the opening. */
export function visitLink(id) {
  return h('a', { class: 'id', href: `#/visit/${id}`, title: id }, `…${id.slice(-12)}`);
}

function sessionLink({ sessionId }) {
  return h('a', { class: 'id short', href: `#/session/${encodeURIComponent(sessionId)}`, title: sessionId }, sessionId);
}

function pathText({ entryPage, exitPage }) {
  if (entryPage === null) return h('span', { class: 'muted' }, '–');
  const text = entryPage === exitPage || exitPage === null ? entryPage : `${entryPage} → ${exitPage}`;
  return h('span', { class: 'short', title: text }, text);
}

const COMMON = {
  visit: {
    title: 'visit',
    cell: ({ visitId, debug }) => [visitLink(visitId), debug ? h('span', { class: 'tag' }, 'debug') : null],
  },
  session: { title: 'session', cell: sessionLink },
  decided: {
    title: 'ended at',
    means: 'The arrival clock of the log when its end was decided.',
    cell: ({ decidedAt }) => at(decidedAt),
  },
  started: { title: 'first event', cell: ({ startedAt }) => at(startedAt) },
  last: { title: 'last event', cell: ({ lastEventAt }) => at(lastEventAt) },
  long: { title: 'duration', num: true, cell: ({ durationMs }) => duration(durationMs) },
  events: { title: 'events', num: true, cell: ({ eventCount }) => count(eventCount) },
  pages: { title: 'pages', cell: pathText },
};

const reason = {
  title: 'why',
  means: 'Why it ended; open it to read the sentence.',
  cell: ({ endReason, why }) => h('span', { title: why }, REASONS[endReason] ?? endReason ?? 'open'),
};
const revision = {
  title: 'revision',
  num: true,
  means: 'From 0, one higher each time that it was published.',
  cell: ({ revision }) => count(revision),
};

export function endedTable(caption) {
  const { visit, decided, session, last, long, events, pages } = COMMON;
  return tableOf(
    caption,
    'No visit has ended in the day before the last record. A visit ends the gap after its last event.',
    [visit, decided, session, last, long, events, reason, revision, pages],
  );
}

/** Open visits in order of when they are due. */
export function openTable(caption) {
  const { visit, session, started, last, events, pages } = COMMON;
  const due = (now) => ({
    title: 'ends',
    means: 'When it ends if no more records come. Other events may end it before, by moving the watermark.',
    cell: ({ ending }) => dueOf(ending, now()),
  });
  let now = 0;
  const table = tableOf(
    caption,
    'No visit is open. Write events to the input topic, or tidemark simulate --rate 10 does.',
    [visit, due(() => now), session, started, last, events, pages],
  );
  return {
    element: table.element,
    update: (visits, at) => {
      now = at;
      table.update(visits, at);
    },
  };
}

function dueOf(ending, now) {
  const when = ending.endsAt ?? ending.dueAt;
  const holdText = { no_processor: 'nobody folds it', behind: 'behind', record: 'waits for a record' }[ending.hold];
  return [
    at(when),
    h('span', { class: holdText === undefined ? 'muted' : 'warn' }, ` ${holdText ?? relative(when, now)}`),
  ];
}

/** All visits of one session or profile. */
export function allTable(caption) {
  const { visit, session, started, long, events, pages } = COMMON;
  const status = { title: 'status', cell: ({ status }) => h('span', { class: `tag ${status}` }, status) };
  return tableOf(caption, 'It has no visits.', [
    visit,
    status,
    session,
    started,
    long,
    events,
    reason,
    revision,
    pages,
  ]);
}

function tableOf(caption, empty, columns) {
  const table = new Table({ caption, empty, columns, keyOf: ({ visitId }) => visitId });
  return { element: table.element, update: (visits) => table.update(visits) };
}
