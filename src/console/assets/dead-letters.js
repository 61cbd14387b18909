// What was set aside, by reason and partition, and how to look at it.
import { h, show } from './dom.js';
import { Table } from './table.js';
import { count } from './time.js';
import { DEAD } from './words.js';

const LATE = ['late', 'It belongs to a visit that can change no more, or is older than visit.max_age allows.'];
const KINDS = [...Object.entries(DEAD), ['late', LATE]];

export function deadLettersPage({ load }) {
  const table = new Table({
    caption: 'What was set aside, by reason',
    keyOf: ({ key }) => key,
    columns: [
      { title: 'reason', cell: ({ name }) => h('b', {}, name) },
      {
        title: 'count',
        num: true,
        means: 'Since the first offset, over all partitions.',
        cell: ({ total }) => count(total),
      },
      {
        title: 'share of events',
        num: true,
        cell: ({ total, events }) => (events === 0 ? '–' : share(total / events)),
      },
      { title: 'by partition', cell: ({ parts }) => h('span', { class: 'wrap muted' }, parts) },
      { title: 'what it means', cell: ({ means }) => h('span', { class: 'wrap muted' }, means) },
    ],
  });
  const none = h(
    'p',
    { class: 'empty' },
    'Nothing was set aside: every record could be read, and every event found its visit.',
  );
  const how = h('div', {});
  load(
    'dead-letters',
    {},
    ({ topics }) => show(how, howTo(topics)),
    (error) => show(how, h('p', { class: 'notice' }, error.message)),
  );
  const element = h(
    'div',
    { class: 'page' },
    h('h1', {}, 'Dead letters and late events'),
    h('section', { class: 'panel', 'aria-label': 'By reason' }, none, table.element),
    how,
  );
  const update = ({ partitions }) => {
    const rows = rowsOf(partitions);
    const all = rows.reduce((total, row) => total + row.total, 0);
    none.hidden = all > 0;
    table.element.hidden = all === 0;
    table.update(rows);
  };
  return { element, update };
}

function rowsOf(partitions) {
  const events = partitions.reduce((total, { counts }) => total + (counts?.events ?? 0), 0);
  return KINDS.map(([key, [name, means]]) => {
    const each = partitions.map(({ partition, counts }) => [partition, counts?.[key] ?? 0]).filter(([, n]) => n > 0);
    const parts = each.map(([partition, n]) => `${partition}: ${count(n)}`).join(' · ');
    return { key, name, means, events, parts, total: each.reduce((total, [, n]) => total + n, 0) };
  });
}

function share(part) {
  if (part === 0) return '0 %';
  return part < 0.0001 ? '< 0.01 %' : `${(part * 100).toFixed(2)} %`;
}

function howTo({ deadLetter, late }) {
  const line = (command, says) => h('div', {}, h('dt', {}, h('code', {}, command)), h('dd', { class: 'muted' }, says));
  return h(
    'section',
    { class: 'panel', 'aria-labelledby': 'how' },
    h('h2', { id: 'how' }, 'To look at them'),
    h(
      'p',
      { class: 'muted' },
      'They stand in topics ',
      h('code', {}, deadLetter),
      ' and ',
      h('code', {}, late),
      ', as they came, with the reason and where they came from in their headers.',
    ),
    h(
      'dl',
      { class: 'commands' },
      line('tidemark dead-letter list', 'the last ones, with reason and error'),
      line('tidemark dead-letter list --reason undecodable', 'those of one reason'),
      line('tidemark dead-letter retry --help', 'to send them to the input again once the cause is gone'),
      line('tidemark late list', 'events that came after their visit could change'),
    ),
  );
}
