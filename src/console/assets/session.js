// One session: its visits, and what lies between them.
import { h, show } from './dom.js';
import { at, count, duration } from './time.js';
import { allTable, link } from './visit-tables.js';

export function sessionPage({ argument, load }) {
  const body = h('div', { class: 'page' }, h('p', { class: 'empty' }, 'Loading…'));
  const element = h('div', { class: 'page' }, h('h1', {}, 'Session ', h('span', { class: 'id' }, argument)), body);
  load(
    'session',
    { id: argument },
    (session) => show(body, parts(session)),
    (error) => show(body, failed(error)),
  );
  return { element };
}

function parts({ sums, visits }) {
  const table = allTable('Visits of this session, the one that started last first');
  table.update(visits.items);
  const spread =
    sums.length > 1 &&
    h(
      'p',
      { class: 'notice' },
      `Its records are spread over partitions ${sums.map(({ partition }) => partition).join(', ')}: it is folded as ${sums.length} sessions. Let producers use the session id as the key.`,
    );
  return [
    spread,
    sums.length === 0 ? h('p', { class: 'muted' }, 'Debug traffic alone: it counts in no session.') : sums.map(sumOf),
    h(
      'section',
      { class: 'panel' },
      h(
        'h2',
        {},
        visits.total > visits.items.length
          ? `The last ${count(visits.items.length)} of ${count(visits.total)} visits`
          : 'Visits',
      ),
      table.element,
    ),
    h(
      'p',
      { class: 'muted' },
      'A session is all that carries one session id. A pause longer than the gap, or an ending event, begins its next visit.',
    ),
  ];
}

function sumOf({
  partition,
  profileId,
  visitCount,
  eventCount,
  pageViewCount,
  lateEventCount,
  totalDurationMs,
  startedAt,
  endedAt,
}) {
  const facts = [
    ['profile of its last visit', profileId === null ? '–' : link('profile', profileId)],
    ['visits', count(visitCount)],
    ['events', `${count(eventCount)}, ${count(pageViewCount)} page views`],
    ['late events', count(lateEventCount)],
    ['time in visits', duration(totalDurationMs)],
    ['first event', at(startedAt)],
    ['last event', endedAt === null ? 'a visit is open' : at(endedAt)],
    ['partition', String(partition)],
  ];
  return h('section', { class: 'panel', 'aria-label': 'Sums' }, factList(facts));
}

export function factList(facts) {
  return h(
    'dl',
    { class: 'facts' },
    facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

export function failed(error) {
  return h('p', { class: 'notice', role: 'alert' }, `${error.message}.`);
}
