// The first page: how far the processor is, the time axis, visits that have just ended, and the partitions.
import { Axis } from './axis.js';
import { h, setText } from './dom.js';
import { partitionsPanel } from './partitions.js';
import { count, duration } from './time.js';
import { endedTable } from './visit-tables.js';

/** How many of the visits that ended last are on the axis beside the open ones, and in the list. */
const ON_AXIS = 8;
const LISTED = 12;

export function overviewPage() {
  const figures = figuresOf(
    ['open', 'visits open'],
    ['lag', 'records behind'],
    ['behind', 'from the newest watermark to now'],
    ['ended', 'revisions published'],
    ['set', 'dead letters and late'],
  );
  const trouble = h('div', { class: 'trouble' });
  const axis = new Axis();
  const partitions = partitionsPanel();
  const ended = endedTable('Visits that have just ended');
  const just = h(
    'section',
    { class: 'panel', 'aria-labelledby': 'just' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', { id: 'just' }, 'Just ended'),
      h('span', { class: 'grow' }),
      h('a', { href: '#/visits' }, 'all open and ended visits'),
    ),
    ended.element,
  );
  const element = h(
    'div',
    { class: 'page' },
    h('h1', { class: 'hidden' }, 'Overview'),
    figures.element,
    trouble,
    axis.element,
    just,
    partitions.element,
  );
  const update = (live) => {
    figures.update(sumsOf(live));
    showWarnings(trouble, live);
    axis.update(withEnded(live));
    const inMemory = live.store.kind === 'memory';
    just.hidden = inMemory;
    ended.update(live.ended.slice(0, LISTED), live.at);
    partitions.update(live);
  };
  return { element, update, close: () => axis.close() };
}

/** The few visits that ended last stay on the axis for a while, so that one sees them end, even if no visit is open any more. */
function withEnded(live) {
  const visits = live.partitions.map(({ partition }) => {
    const of = live.visits.find((one) => one.partition === partition) ?? {
      partition,
      shown: [],
      rest: 0,
      later: [],
      step: 1,
    };
    const open = new Set(of.shown.map(({ id }) => id));
    const ended = live.ended.filter((visit) => visit.openedPartition === partition && !open.has(visit.visitId));
    return { ...of, shown: [...of.shown, ...ended.slice(0, ON_AXIS).map(endedBar)] };
  });
  return { ...live, visits };
}

function endedBar({ visitId, startedAt, lastEventAt, eventCount, debug, endReason, revision }) {
  return {
    ...{ id: visitId, startedAt, lastEventAt, events: eventCount, seal: null, debug },
    ...{ ended: true, reason: endReason, revision, waitsFor: lastEventAt, due: lastEventAt },
  };
}

function sumsOf({ partitions, at }) {
  const sum = (of) => partitions.reduce((total, one) => total + (of(one) ?? 0), 0);
  const known = partitions.filter(({ lag }) => lag !== null);
  const behind = known.reduce((total, { lag }) => total + lag, 0);
  const watermarks = partitions.map(({ watermark }) => watermark).filter((one) => one !== null);
  const counted = (name) => sum(({ counts }) => counts?.[name]);
  return {
    open: count(sum(({ openVisits }) => openVisits)),
    // Only their own processors know the lag of other partitions: the sum is at least this.
    lag: known.length === 0 ? '–' : `${known.length < partitions.length ? '≥ ' : ''}${count(behind)}`,
    behind: watermarks.length === 0 ? '–' : duration(Math.max(0, at - Math.max(...watermarks))),
    ended: count(counted('published')),
    set: count(
      ['undecodable', 'invalid', 'future', 'visitFull', 'late'].reduce((total, name) => total + counted(name), 0),
    ),
  };
}

function figuresOf(...entries) {
  const values = new Map();
  const items = entries.map(([key, label]) => {
    const value = h('dd', {}, '–');
    values.set(key, value);
    return h('div', {}, h('dt', {}, label), value);
  });
  const update = (given) => {
    for (const [key, value] of values) setText(value, given[key]);
  };
  return { element: h('dl', { class: 'figures' }, items), update };
}

/** Warnings, each with what to do about it. */
function showWarnings(parent, { store, partitions, notReady }) {
  const warnings = [];
  const nobody = partitions.filter(({ phase }) => phase === 'nobody').map(({ partition }) => partition);
  if (store.kind === 'memory') {
    warnings.push([
      'The state of this processor is in memory. Partitions are shown; visits, sessions and profiles would be read from Postgres.',
      'quiet',
    ]);
  } else if (store.error !== null) {
    const age = store.readAt === null ? '' : ' What is shown of visits is older than what is shown of partitions.';
    warnings.push([`${store.error}.${age} Folding and publishing do not wait for the console.`, '']);
  }
  if (nobody.length > 0)
    warnings.push([
      `Nobody folds partition ${nobody.join(', ')}: start tidemark run, or look whether an instance is stuck.`,
      '',
    ]);
  else if (notReady !== null) warnings.push([`Not ready: ${notReady}.`, 'quiet']);
  const text = JSON.stringify(warnings);
  if (parent.dataset.said === text) return;
  parent.dataset.said = text;
  parent.replaceChildren(...warnings.map(([what, kind]) => h('p', { class: `notice ${kind}`, role: 'status' }, what)));
}
