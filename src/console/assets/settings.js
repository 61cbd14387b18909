// Settings in force, and where each came from. Secrets never leave the processor.
import { h, replaceChildren, setText } from './dom.js';
import { Table } from './table.js';

export function settingsPage({ load }) {
  let all = [];
  const table = new Table({
    caption: 'Settings in force',
    keyOf: ({ key }) => key,
    empty: 'No setting is like that.',
    columns: [
      { title: 'setting', cell: ({ key }) => h('span', { class: 'id' }, key) },
      {
        title: 'value',
        cell: ({ value }) =>
          value === '' ? h('span', { class: 'muted' }, 'not set') : h('span', { class: 'id wrap' }, value),
      },
      {
        title: 'from',
        cell: ({ source, where }) =>
          source === 'default' ? h('span', { class: 'muted' }, 'default') : h('b', {}, where || source),
      },
      { title: 'what it is', cell: ({ doc }) => h('span', { class: 'muted wrap' }, marked(doc)) },
    ],
  });
  const status = h('p', { class: 'muted' }, 'Loading…');
  const field = h('input', { id: 'filter', type: 'search', placeholder: 'visit.gap', oninput: filter });
  const only = h('input', { id: 'only', type: 'checkbox', onchange: filter });

  function filter() {
    const text = field.value.trim().toLowerCase();
    const shown = all.filter(
      ({ key, doc, source }) =>
        (text === '' || `${key} ${doc}`.toLowerCase().includes(text)) && (!only.checked || source !== 'default'),
    );
    table.update(shown);
  }

  load(
    'settings',
    {},
    ({ settings }) => {
      all = settings;
      const given = settings.filter(({ source }) => source !== 'default').length;
      setText(
        status,
        `${given} of ${settings.length} were given, the others are defaults. tidemark config prints the same.`,
      );
      filter();
    },
    (error) => replaceChildren(status, error.message),
  );
  const element = h(
    'div',
    { class: 'page' },
    h('div', { class: 'page-head' }, h('h1', {}, 'Settings in force'), status),
    h(
      'section',
      { class: 'panel settings', 'aria-label': 'Settings' },
      h(
        'div',
        { class: 'filter' },
        h('label', { for: 'filter' }, 'Filter'),
        field,
        h('label', { class: 'check' }, only, ' only those that were given'),
      ),
      table.element,
    ),
  );
  return { element };
}

/** A setting's description with the code in it, which backticks mark, as elements. */
function marked(text) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part));
}
