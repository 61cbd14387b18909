// Records that were set aside: by reason and partition, the last ones, and how to look at all of them.
import { h, replaceChildren, setText } from './dom.js';
import { panel } from './report.js';
import { Table } from './table.js';
import { at, bytes, count } from './time.js';
import { visitLink } from './visit-tables.js';
import { DEAD } from './words.js';

const EVERY = 5_000;

export function deadLettersPage({ load, signal }) {
  let timer = null;
  const table = reasons();
  const none = h(
    'p',
    { class: 'empty' },
    'Nothing was set aside: every record could be read, and every event found its visit.',
  );
  const problem = h('p', { class: 'notice', role: 'status', hidden: '' });
  const how = h('div', {});
  const dead = lastOf('Dead letters that came last');
  const late = lastOf('Late events that came last');
  const element = h(
    'div',
    { class: 'page' },
    h('h1', {}, 'Dead letters and late events'),
    h('section', { class: 'panel', 'aria-label': 'By reason' }, none, table.element),
    problem,
    dead.element,
    late.element,
    how,
  );

  function ask() {
    load('dead-letters', {}, onAnswer, (error) => {
      showProblem(`${error.message}.`);
      askLater();
    });
  }

  function onAnswer({ topics, last, error }) {
    if (how.children.length === 0) replaceChildren(how, howTo(topics));
    showProblem(error === null ? null : `The topics cannot be read now: ${error}. Counts are from the folded state.`);
    dead.update(last?.deadLetter);
    late.update(last?.late);
    askLater();
  }

  function showProblem(text) {
    problem.hidden = text === null;
    setText(problem, text ?? '');
  }

  function askLater() {
    if (!signal.aborted) timer = setTimeout(() => (document.hidden ? askLater() : ask()), EVERY);
  }

  function update({ partitions }) {
    const rows = rowsOf(partitions);
    const all = rows.reduce((total, row) => total + row.total, 0);
    none.hidden = all > 0;
    table.element.hidden = all === 0;
    table.update(rows);
  }

  ask();
  return { element, update, close: () => clearTimeout(timer) };
}

function reasons() {
  return new Table({
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
}

function rowsOf(partitions) {
  const events = partitions.reduce((total, { counts }) => total + (counts?.events ?? 0), 0);
  return Object.entries(DEAD).map(([key, [name, means]]) => {
    const each = partitions.map(({ partition, counts }) => [partition, counts?.[key] ?? 0]).filter(([, n]) => n > 0);
    const parts = each.map(([partition, n]) => `${partition}: ${count(n)}`).join(' · ');
    return { key, name, means, events, parts, total: each.reduce((total, [, n]) => total + n, 0) };
  });
}

function share(part) {
  if (part === 0) return '0 %';
  return part < 0.0001 ? '< 0.01 %' : `${(part * 100).toFixed(2)} %`;
}

/** The last records of a topic; hidden while there are none. */
function lastOf(title) {
  const table = new Table({
    caption: title,
    keyOf: ({ partition, offset }) => `${partition}:${offset}`,
    columns: [
      { title: 'set aside', cell: ({ setAsideAt }) => at(setAsideAt) },
      { title: 'reason', cell: ({ reason }) => h('b', {}, reason) },
      { title: 'error', cell: ({ error }) => h('span', { class: 'wrap' }, error) },
      { title: 'visit', cell: ({ visitId }) => (visitId === null ? '' : visitLink(visitId)) },
      { title: 'came from', means: 'Partition and offset of the input.', cell: cameFrom },
      { title: 'size', num: true, cell: ({ valueBytes }) => (valueBytes === null ? 'no value' : bytes(valueBytes)) },
      {
        title: 'lies at',
        means: 'Partition and offset in its own topic: what show and retry take.',
        cell: ({ partition, offset }) => h('span', { class: 'id' }, `${partition}:${offset}`),
      },
    ],
  });
  const cut = h('p', { class: 'muted more', hidden: '' }, 'They are large: not all partitions were looked at.');
  const element = panel(title, table.element, cut);
  element.hidden = true;
  const update = (last) => {
    element.hidden = !last?.records.length;
    cut.hidden = last?.complete ?? true;
    table.update(last?.records ?? []);
  };
  return { element, update };
}

function cameFrom({ source, again }) {
  if (source === null) return 'not written by tidemark';
  return [
    h('span', { class: 'id' }, `${source.partition}:${source.offset}`),
    again && h('span', { class: 'tag' }, 'again'),
  ];
}

function howTo({ deadLetter, late }) {
  const line = (command, says) => h('div', {}, h('dt', {}, h('code', {}, command)), h('dd', { class: 'muted' }, says));
  const where = [
    'They stand in topics ',
    h('code', {}, deadLetter),
    ' and ',
    h('code', {}, late),
    ', as they came, with the reason and where they came from in their headers.',
  ];
  return panel(
    'To look at them',
    h('p', { class: 'muted' }, where),
    h(
      'dl',
      { class: 'commands' },
      line('tidemark dead-letter list --reason undecodable', 'those of one reason; without it, all'),
      line('tidemark dead-letter show 3:128', 'one in full, by partition and offset in its topic'),
      line('tidemark dead-letter retry --dry-run', 'what would be sent to the input again, once the cause is gone'),
      line('tidemark late list', 'events that came after their visit could change'),
    ),
  );
}
