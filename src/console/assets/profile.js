// One profile: its sums, its traits, its visits.
import { h } from './dom.js';
import { factList, panel, reportPage } from './report.js';
import { visitsOf } from './session.js';
import { at, count, duration } from './time.js';

export function profilePage(context) {
  return reportPage({ ...context, kind: 'profile', title: 'Profile', sectionsOf, mayChange: () => true });
}

function sectionsOf({ report: { sums, visits } }, turn) {
  return [
    [
      'debug',
      sums === null ? 0 : null,
      () => h('p', { class: 'muted' }, 'Debug traffic alone: it counts in no profile.'),
    ],
    ['sums', sums, () => panel('Sums', factList(factsOf(sums)))],
    ['traits', sums?.traits ?? null, () => panel('Traits', traitsOf(sums.traits))],
    ['visits', visits, () => visitsOf(visits, 'profile', turn)],
    ['note', 0, () => h('p', { class: 'muted' }, 'A visit counts for the last profile id that its events name.')],
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

function traitsOf(traits) {
  const entries = Object.entries(traits);
  if (entries.length === 0) return h('p', { class: 'empty' }, 'No event has set a trait of it.');
  return factList(entries.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]));
}
