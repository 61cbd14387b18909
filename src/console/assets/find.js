// Visits, sessions and profiles whose id begins with a text.
import { h, replaceChildren } from './dom.js';
import { link } from './visit-tables.js';

const KINDS = [
  ['visits', 'visit', 'Visits'],
  ['sessions', 'session', 'Sessions'],
  ['profiles', 'profile', 'Profiles'],
];

export function findPage({ argument, load }) {
  const results = h('div', { class: 'page' }, h('p', { class: 'empty' }, 'Looking…'));
  const element = h('div', { class: 'page' }, h('h1', {}, 'Found for ', h('span', { class: 'id' }, argument)), results);
  document.getElementById('q').value = argument;
  load(
    'find',
    { q: argument },
    (found) => {
      const all = KINDS.flatMap(([list, kind]) => found[list].map((id) => [kind, id]));
      // A single result is opened; the address is replaced, so that Back does not return here.
      if (all.length === 1 && !found.more) location.replace(`#/${all[0][0]}/${encodeURIComponent(all[0][1])}`);
      else
        replaceChildren(
          results,
          all.length === 0 ? nothing() : KINDS.map((kind) => listOf(kind, found)),
          found.more && h('p', { class: 'muted' }, 'There are more: write more of the id.'),
        );
    },
    (error) => replaceChildren(results, h('p', { class: 'notice', role: 'alert' }, error.message)),
  );
  return { element };
}

function listOf([list, kind, title], found) {
  if (found[list].length === 0) return null;
  return h(
    'section',
    { class: 'panel', 'aria-label': title },
    h('h2', {}, title),
    h(
      'ul',
      { class: 'ids' },
      found[list].map((id) => h('li', {}, link(kind, id))),
    ),
  );
}

function nothing() {
  return h(
    'p',
    { class: 'empty' },
    'No visit, session or profile has an id that begins with this. Ids are compared as they are, capitals included. An event that was just written is found once it is committed.',
  );
}
