// The shell: pages by the part of the address behind #, what is live, the search field, and the token.
import { get, setToken, TokenNeeded } from './api.js';
import { deadLettersPage } from './dead-letters.js';
import { h, replaceChildren, setAttribute, setText } from './dom.js';
import { Feed } from './feed.js';
import { findPage } from './find.js';
import { overviewPage } from './overview.js';
import { profilePage } from './profile.js';
import { sessionPage } from './session.js';
import { settingsPage } from './settings.js';
import { duration, isUtc, onZone, toggleZone, zoneName } from './time.js';
import { trendsPage } from './trends.js';
import { visitPage } from './visit.js';
import { visitsPage } from './visits.js';

const PAGES = {
  '': ['Overview', overviewPage],
  visits: ['Visits', visitsPage],
  trends: ['Trends', trendsPage],
  'dead-letters': ['Dead letters', deadLettersPage],
  settings: ['Settings', settingsPage],
  visit: ['Visit', visitPage],
  session: ['Session', sessionPage],
  profile: ['Profile', profilePage],
  find: ['Find', findPage],
};
const IN_MENU = ['', 'visits', 'trends', 'dead-letters', 'settings'];

const element = (id) => document.getElementById(id);
const main = element('main');
const notice = element('notice');
const about = h('span', {});
const help = h('a', { hidden: '' }, 'runbook');
let page = null;
let leaving = new AbortController();

const feed = new Feed({
  onLive: (live) => {
    const { instance, topic, group, runbook } = live;
    setAttribute(help, 'href', runbook);
    help.hidden = runbook === null;
    setText(about, `tidemark ${instance.version} · ${instance.name} · topic ${topic} · group ${group}`);
    page?.update?.(live);
  },
  onState: showState,
  onToken: askForToken,
});

/** `#/visit/ID` → ['visit', 'ID']; an id may hold anything, so it is encoded. */
function routeOf(hash) {
  const [name = '', ...rest] = hash.replace(/^#\/?/, '').split('/');
  try {
    return [name, rest.map(decodeURIComponent).join('/')];
  } catch {
    return [name, rest.join('/')];
  }
}

function go() {
  if (location.hash !== '' && !location.hash.startsWith('#/')) return;
  const [name, argument] = routeOf(location.hash);
  const [title, open] = PAGES[name] ?? ['Not found', notFound];
  leaving.abort();
  leaving = new AbortController();
  page?.close?.();
  document.title = argument === '' ? `${title} · tidemark` : `${title} ${argument} · tidemark`;
  showMenu(name);
  page = open({ argument, signal: leaving.signal, load, live: feed.live });
  replaceChildren(main, page.element);
  if (feed.live !== null) page.update?.(feed.live);
}

function notFound() {
  return {
    element: h(
      'div',
      { class: 'empty' },
      h('h1', {}, 'There is no such page'),
      h('p', {}, h('a', { href: '#/' }, 'Go to the overview')),
    ),
  };
}

/** Asks for data until there is an answer; once the page is left, `onAnswer` and `onError` are not called. */
async function load(name, parameters, onAnswer, onError) {
  const { signal } = leaving;
  try {
    const answer = await get(name, parameters, signal);
    if (!signal.aborted) onAnswer(answer);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof TokenNeeded) askForToken();
    else onError(error);
  }
}

function showMenu(current) {
  const items = IN_MENU.map((name) =>
    h('a', { href: `#/${name}`, 'aria-current': name === current ? 'page' : null }, PAGES[name][0]),
  );
  replaceChildren(element('nav'), items);
}

function showState({ kind, since, why }) {
  const words = {
    live: 'live',
    connecting: 'connecting',
    away: 'no answer',
    stale: 'stale',
  };
  setAttribute(element('state'), 'class', kind);
  setText(element('state'), words[kind]);
  // The age is outside of what screen readers announce, because it changes every second.
  setText(element('age'), kind === 'stale' ? `as of ${duration(Date.now() - since)} ago` : '');
  setAttribute(document.body, 'data-state', kind);
  const text =
    kind === 'stale' || kind === 'away'
      ? `The processor does not answer${why === null ? '' : `: ${why}`}. ${kind === 'stale' ? 'What is shown is not current. ' : ''}It is tried again until it does; look whether tidemark run is up.`
      : '';
  setText(notice, text);
}

function askForToken() {
  feed.stop();
  page?.close?.();
  page = null;
  const field = h('input', { id: 'token', type: 'password', autocomplete: 'off', required: '' });
  const wrong = h('p', { class: 'bad', role: 'alert' });
  const form = h(
    'form',
    {
      class: 'token panel',
      onsubmit: async (event) => {
        event.preventDefault();
        setToken(field.value);
        try {
          await get('live');
          feed.start();
          go();
        } catch (error) {
          setToken(null);
          field.select();
          setText(wrong, error instanceof TokenNeeded ? 'This token is not the one.' : `${error.message}`);
        }
      },
    },
    h('h1', {}, 'A token is needed'),
    h(
      'p',
      {},
      'This processor has ',
      h('code', {}, 'http.token'),
      ' set. The token is kept for this tab, until it is closed.',
    ),
    h('label', { for: 'token' }, 'Token'),
    h('div', { class: 'row' }, field, h('button', { class: 'primary' }, 'Open')),
    wrong,
  );
  setToken(null);
  replaceChildren(main, form);
  setText(element('state'), 'locked');
  setAttribute(element('state'), 'class', 'locked');
  field.focus();
}

function showZone() {
  const button = element('zone');
  setText(button, isUtc() ? 'UTC' : 'local time');
  setAttribute(button, 'title', `Times are shown in ${zoneName()}; press to show ${isUtc() ? 'local time' : 'UTC'}`);
  // The label begins with the button's text: a person who controls the browser by voice says that.
  setAttribute(
    button,
    'aria-label',
    `${isUtc() ? 'UTC' : `local time, ${zoneName()}`}. Show ${isUtc() ? 'local time' : 'UTC'}`,
  );
}

element('zone').addEventListener('click', toggleZone);
onZone(() => {
  showZone();
  if (page !== null) go();
});
element('search').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = element('q').value.trim();
  if (text !== '') location.hash = `#/find/${encodeURIComponent(text)}`;
});
element('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener('keydown', (event) => {
  const typing = event.target.matches('input, select, textarea');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    element('q').focus();
  }
  if (event.key === 'Escape' && event.target === element('q')) main.focus();
});
window.addEventListener('hashchange', () => {
  go();
  if (page !== null && location.hash.startsWith('#/')) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
});

replaceChildren(element('foot'), about, ' ', help);
showZone();
go();
feed.start();
