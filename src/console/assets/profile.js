// One profile: its sums, its traits, its visits.
import { h, show } from './dom.js';
import { factList, failed } from './session.js';
import { at, count, duration } from './time.js';
import { allTable } from './visit-tables.js';

export function profilePage({ argument, load }) {
  const body = h('div', { class: 'page' }, h('p', { class: 'empty' }, 'Loading…'));
  const element = h('div', { class: 'page' }, h('h1', {}, 'Profile ', h('span', { class: 'id' }, argument)), body);
  load(
    'profile',
    { id: argument },
    (profile) => show(body, parts(profile)),
    (error) => show(body, failed(error)),
  );
  return { element };
}

function parts({ sums, visits }) {
  const table = allTable('Visits of this profile, the one that started last first');
  table.update(visits.items);
  return [
    sums === null
      ? h('p', { class: 'muted' }, 'Debug traffic alone: it counts in no profile.')
      : [h('section', { class: 'panel', 'aria-label': 'Sums' }, factList(factsOf(sums))), traitsOf(sums)],
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
    h('p', { class: 'muted' }, 'A visit counts for the last profile id that its events name.'),
  ];
}

function factsOf(sums) {
  return [
    ['visits', count(sums.visitCount)],
    ['sessions', count(sums.sessionCount)],
    ['events', `${count(sums.eventCount)}, ${count(sums.pageViewCount)} page views`],
    ['time in visits', duration(sums.totalDurationMs)],
    ['first seen', at(sums.firstSeenAt)],
    ['last seen', at(sums.lastSeenAt)],
  ];
}

function traitsOf({ traits }) {
  const entries = Object.entries(traits);
  const list =
    entries.length === 0
      ? h('p', { class: 'empty' }, 'No event has set a trait of it.')
      : factList(entries.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]));
  return h(
    'section',
    { class: 'panel', 'aria-labelledby': 'traits' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'traits' }, 'Traits')),
    list,
  );
}
