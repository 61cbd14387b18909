// Figures over time, from the views that analysts read; each with its table and the SQL that gave it.
import { Chart, partName } from './chart.js';
import { h, s, setAttribute, setText } from './dom.js';
import { clockStep, roundStep } from './scale.js';
import { Table } from './table.js';
import { count, duration, relative } from './time.js';

/** Time between two requests, ms: while something is being read, and otherwise. */
const SOON = 1_500;
const EVERY = 15_000;
/** Answers older than this, ms, are marked as old. */
const OLD = 900_000;
const DAY = 86_400_000;

const SPANS = {
  minutes: { name: '60 minutes', in: 'in these 60 minutes', part: 'minute' },
  hours: { name: '24 hours', in: 'in these 24 hours', part: 'hour' },
  days: { name: '30 days', in: 'in these 30 days', part: 'day (UTC)' },
};

const seconds = (value) => (value === 0 ? '0' : duration(value * 1_000));
const wholeStep = (least) => roundStep(least, true);
const percent = (value) => `${Number(value.toFixed(1))} %`;

/** Trends over time, a chart each. `empty` is followed by the span's name. */
const CHARTS = {
  visits: {
    title: 'Visits begun and ended',
    note: 'By the time of their first and of their last event; without debug traffic.',
    empty: 'No visit began or ended',
    whole: true,
    format: count,
    stepOf: wholeStep,
    series: [
      { label: 'begun', kind: 'bar', tone: 'first' },
      { label: 'ended', kind: 'bar', tone: 'second' },
    ],
  },
  events: {
    title: 'Events',
    note: 'Of the visits that began then.',
    empty: 'No visit began',
    whole: true,
    format: count,
    stepOf: wholeStep,
    series: [
      { label: 'events', kind: 'bar', tone: 'first' },
      { label: 'of them page views', kind: 'bar', tone: 'second' },
    ],
  },
  setAside: {
    title: 'Late records and dead letters',
    note: 'By the hour of the log in which they were set aside.',
    empty: 'Nothing was set aside',
    whole: true,
    format: count,
    stepOf: wholeStep,
    series: [
      { label: 'late', kind: 'bar', tone: 'warned' },
      { label: 'dead letters', kind: 'bar', tone: 'refused' },
    ],
  },
  duration: {
    title: 'Duration',
    note: 'From first to last event, of ended visits by when they began.',
    empty: 'No visit that began has ended',
    whole: false,
    format: seconds,
    stepOf: clockStep,
    series: [
      { label: 'median', kind: 'line', tone: 'first' },
      { label: '90 of 100 are shorter', kind: 'line', tone: 'second' },
    ],
  },
  bounces: {
    title: 'Bounce share',
    note: 'Ended visits of one event, of all that ended, by when they began.',
    empty: 'No visit that began has ended',
    whole: false,
    top: 100,
    format: percent,
    stepOf: roundStep,
    series: [{ label: 'bounced', kind: 'bar', tone: 'first' }],
  },
};

const LISTS = {
  entryPages: { title: 'Entry pages', thing: 'page', empty: 'No visit that began named a page' },
  campaigns: { title: 'Campaigns', thing: 'utm_campaign', empty: 'No visit that began named a campaign' },
  countries: { title: 'Countries', thing: 'country', empty: 'No visit that began named a country' },
};

export function trendsPage({ argument, load, signal }) {
  const chosen = Object.hasOwn(SPANS, argument) ? argument : 'hours';
  let timer = null;
  const problem = h('p', { class: 'notice', role: 'status', hidden: '' });
  const totals = figures();
  const panels = new Map([
    ...Object.entries(CHARTS).map(([name, one]) => [name, chartPanel(one, SPANS[chosen])]),
    ...Object.entries(LISTS).map(([name, one]) => [name, listPanel(one, SPANS[chosen])]),
  ]);
  const links = Object.entries(SPANS).map(([name, { name: text }]) =>
    h('a', { href: `#/trends/${name}`, 'aria-current': name === chosen ? 'true' : null }, text),
  );
  const element = h(
    'div',
    { class: 'page' },
    h(
      'div',
      { class: 'page-head' },
      h('h1', {}, 'Trends'),
      h('span', { class: 'grow' }),
      h('div', { class: 'choice', role: 'group', 'aria-label': 'Span' }, links),
    ),
    problem,
    totals.element,
    h(
      'div',
      { class: 'charts' },
      [...panels.values()].map((one) => one.element),
    ),
    h(
      'p',
      { class: 'muted note' },
      'The last part is not over: its bars are paler, and its visits still grow. A late event can change figures of the past. ',
      'Answers are kept for a while, so that many who look cost Postgres what one does; each says when it was read.',
    ),
  );

  function ask() {
    load('trends', { span: chosen }, onAnswer, (error) => {
      showProblem(`${error.message}.`);
      askLater(EVERY);
    });
  }

  function onAnswer(answer) {
    showProblem(null);
    for (const [name, one] of panels) {
      const trend = answer.trends.find((each) => each.name === name);
      // Some trends exist by the hour and not by the minute.
      one.element.hidden = trend === undefined;
      if (trend !== undefined) one.update(trend, answer);
    }
    totals.update(answer.trends);
    askLater(answer.trends.some(({ reading }) => reading) ? SOON : EVERY);
  }

  function showProblem(text) {
    problem.hidden = text === null;
    setText(problem, text ?? '');
  }

  function askLater(ms) {
    if (!signal.aborted) timer = setTimeout(() => (document.hidden ? askLater(ms) : ask()), ms);
  }

  ask();
  return { element, close: () => clearTimeout(timer) };
}

/** Sums over the span; a dash stands for one that is not known yet. */
function figures() {
  const entries = [
    ['visits', 1, 'visits begun'],
    ['visits', 2, 'visits ended'],
    ['events', 1, 'events'],
    ['setAside', 1, 'late'],
    ['setAside', 2, 'dead letters'],
  ].map(([name, column, label]) => {
    const value = h('dd', {}, '–');
    return { name, column, value, element: h('div', {}, h('dt', {}, label), value) };
  });
  const update = (trends) => {
    for (const { name, column, value, element } of entries) {
      const trend = trends.find((one) => one.name === name);
      const rows = trend?.answer?.rows ?? null;
      element.hidden = trend === undefined;
      setText(value, rows === null ? '–' : count(rows.reduce((sum, row) => sum + (row[column] ?? 0), 0)));
    }
  };
  return {
    element: h(
      'dl',
      { class: 'figures' },
      entries.map((one) => one.element),
    ),
    update,
  };
}

function chartPanel(one, span) {
  const chart = new Chart(one);
  let step = DAY;
  const table = new Table({
    caption: one.title,
    keyOf: ([begin]) => begin,
    columns: [
      { title: span.part, cell: ([begin]) => partName(begin, step) },
      ...one.series.map(({ label }, i) => ({ title: label, num: true, cell: (row) => one.format(row[i + 1] ?? 0) })),
    ],
  });
  return framed(
    one,
    span,
    [chart.element, h('details', {}, h('summary', {}, 'Table'), table.element)],
    (answer, asked) => {
      step = asked.step;
      chart.update(answer.rows, asked, asked.at);
      table.update(answer.rows);
    },
  );
}

/** A list, which is its own table; its bars repeat the figures. */
function listPanel(one, span) {
  let most = 1;
  const table = new Table({
    caption: one.title,
    keyOf: ([name]) => name,
    columns: [
      { title: one.thing, cell: ([name]) => h('span', { class: 'short', title: name }, name) },
      { title: 'visits', num: true, cell: ([, visits]) => count(visits) },
      { title: 'share of the first', cell: ([, visits]) => shareBar(visits / most) },
    ],
  });
  return framed(one, span, [table.element], ({ rows }) => {
    most = Math.max(1, ...rows.map(([, visits]) => visits));
    table.update(rows);
  });
}

function shareBar(share) {
  const bar = s('rect', { class: 'bar', width: Math.max(1, share * 100), height: 10, rx: 2 });
  const svg = s('svg', {
    class: 'chart share',
    viewBox: '0 0 100 10',
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  svg.append(s('g', { class: 'first' }, bar));
  return [svg, h('span', { class: 'hidden' }, percent(share * 100))];
}

/** A panel with its content, or the reason why there is none, and its SQL. */
function framed(one, span, children, draw) {
  const shown = h('div', { hidden: '' }, children);
  const state = h('p', { class: 'empty', role: 'status' }, 'Loading…');
  const wrong = h('p', { class: 'notice', role: 'status', hidden: '' });
  const sql = sqlOf(one.title);
  const element = h(
    'section',
    { class: 'panel trend', 'aria-label': one.title },
    h('div', { class: 'panel-head' }, h('h2', {}, one.title), one.note && h('span', { class: 'muted note' }, one.note)),
    wrong,
    state,
    shown,
    sql.element,
  );
  let read = null;
  const update = (trend, asked) => {
    const { answer, at, error, reading } = trend;
    sql.update(trend, asked.at);
    wrong.hidden = error === null;
    setText(
      wrong,
      error === null
        ? ''
        : `${error}.${at === null ? '' : ` This is as of ${relative(at, asked.at)}.`} It is tried again.`,
    );
    const isEmpty = answer !== null && answer.rows.length === 0;
    shown.hidden = answer === null || isEmpty;
    state.hidden = !isEmpty && (answer !== null || error !== null);
    setText(state, isEmpty ? `${one.empty} ${span.in}.` : `Postgres is being asked${reading ? '' : ' soon'}…`);
    // The picture also changes with the clock: a new part begins.
    if (!shown.hidden && (read !== at || asked.at - at > OLD || asked.step < DAY)) draw(answer, asked);
    read = at;
  };
  return { element, update };
}

function sqlOf(title) {
  const text = h('code', {});
  const copyStatus = h('span', { class: 'muted', role: 'status' });
  const copy = h('button', { type: 'button', 'aria-label': `Copy the SQL of ${title}`, onclick: copied }, 'Copy');
  const when = h('span', { class: 'muted note' });
  const frame = h('pre', { class: 'sql', tabindex: 0, role: 'region', 'aria-label': `SQL of ${title}` }, text);
  const element = h(
    'details',
    {},
    h('summary', {}, 'SQL ', when),
    h('div', { class: 'sql-frame' }, frame, h('div', { class: 'row' }, copy, copyStatus)),
  );

  async function copied() {
    try {
      await navigator.clipboard.writeText(text.textContent);
      setText(copyStatus, 'Copied.');
    } catch {
      // Browsers allow a page to write to the clipboard only over https or from this machine.
      getSelection().selectAllChildren(text);
      setText(copyStatus, 'Selected: this browser lets only you copy it.');
    }
  }

  const update = ({ sql, at, took }, now) => {
    setText(text, sql);
    setText(when, at === null ? '' : `read ${relative(at, now)}, took ${duration(took)}`);
    setAttribute(element, 'data-read', at === null ? null : 'yes');
  };
  return { element, update };
}
