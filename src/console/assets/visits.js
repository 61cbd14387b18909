// Open visits, each with when it is due, and visits that ended last.
import { h, replaceChildren, setText } from './dom.js';
import { count, relative } from './time.js';
import { endedTable, openTable } from './visit-tables.js';

const EVERY = 2_000;

export function visitsPage({ load, signal }) {
  let partition = null;
  let timer = null;
  let live = null;
  const open = openTable('Open visits, those that are due first at the head');
  const ended = endedTable('Visits that ended last');
  const choose = h('select', { id: 'partition', onchange: (event) => choosePartition(event.target.value) });
  const cut = h('p', { class: 'muted more' });
  const problem = h('p', { class: 'notice', role: 'status', hidden: '' });
  const element = h(
    'div',
    { class: 'page' },
    h(
      'div',
      { class: 'page-head' },
      h('h1', {}, 'Visits'),
      h('span', { class: 'grow' }),
      h('label', { for: 'partition', class: 'muted' }, 'Partition'),
      choose,
    ),
    problem,
    h(
      'section',
      { class: 'panel', 'aria-labelledby': 'open' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'open' }, 'Open, next due first')),
      open.element,
      cut,
    ),
    h(
      'section',
      { class: 'panel', 'aria-labelledby': 'ended' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'ended' }, 'Ended last')),
      ended.element,
    ),
  );

  function choosePartition(value) {
    partition = value === '' ? null : value;
    clearTimeout(timer);
    ask();
    if (live !== null) update(live);
  }

  function ask() {
    load('visits', { partition }, onAnswer, (error) => {
      fail(error.message);
      askLater();
    });
  }

  function onAnswer({ at, open: visits, error, readAt }) {
    open.update(visits, at);
    const all = live === null ? null : totalOf(live);
    setText(
      cut,
      all !== null && all > visits.length && visits.length > 0
        ? `These are the next ${count(visits.length)} of ${count(all)}.`
        : '',
    );
    fail(error === null ? null : `${error}.${readAt === null ? '' : ` This is as of ${relative(readAt, at)}.`}`);
    askLater();
  }

  function askLater() {
    if (!signal.aborted) timer = setTimeout(() => (document.hidden ? askLater() : ask()), EVERY);
  }

  function fail(text) {
    problem.hidden = text === null;
    setText(problem, text ?? '');
  }

  function totalOf({ partitions }) {
    const of = partitions.filter((one) => partition === null || String(one.partition) === partition);
    return of.reduce((total, { openVisits }) => total + openVisits, 0);
  }

  function update(now) {
    live = now;
    const known = live.partitions.map((one) => String(one.partition));
    if (choose.dataset.known !== known.join()) {
      choose.dataset.known = known.join();
      replaceChildren(
        choose,
        h('option', { value: '' }, 'all'),
        known.map((one) => h('option', { value: one, selected: one === partition ? '' : null }, one)),
      );
    }
    const mine = live.ended.filter(
      ({ openedPartition }) => partition === null || String(openedPartition) === partition,
    );
    ended.update(mine, live.at);
  }

  ask();
  return { element, update, close: () => clearTimeout(timer) };
}
