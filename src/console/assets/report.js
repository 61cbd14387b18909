// A page about one thing that changes. It asks again, and draws only the sections that differ, so that what a person has
// focused, opened or selected stays.
import { h, replaceChildren } from './dom.js';

const EVERY = 2_000;

/**
 * `sectionsOf(answer, turn)`: `[name, data, make]` each, where `make()` gives the element for the data; null data has no
 * element. `mayChange(answer)`: whether to ask again. `turn(offset)` asks for another part of its list.
 */
export function reportPage({ kind, title, argument, load, signal, sectionsOf, mayChange }) {
  const status = h('span', {});
  const first = h('p', { class: 'empty' }, 'Loading…');
  const body = h('div', { class: 'page' }, first);
  const heading = h('h1', {}, `${title} `, h('span', { class: 'id' }, argument));
  const element = h('div', { class: 'page' }, h('div', { class: 'page-head' }, heading, status), body);
  let sections = new Map();
  let offset = 0;
  let timer = null;

  function ask() {
    load(kind, { id: argument, offset: offset === 0 ? null : offset }, onAnswer, (error) => {
      // The sections stay: the line above the page says that they are not current.
      if (sections.size === 0)
        replaceChildren(
          body,
          h('p', { class: 'notice', role: 'alert' }, `${error.message}.${isOver(error) ? '' : ' It is tried again.'}`),
        );
      if (!isOver(error)) askLater();
    });
  }

  function onAnswer(answer) {
    const next = new Map();
    for (const [name, data, make] of sectionsOf(answer, turn)) {
      if (data === null) continue;
      const mark = JSON.stringify(data);
      const before = sections.get(name);
      next.set(name, before?.mark === mark ? before : { mark, element: make() });
    }
    const elements = [...next.values()].map((section) => section.element);
    const head = next.get('status');
    if (head !== undefined && head !== sections.get('status')) replaceChildren(status, head.element);
    const rest = elements.filter((one) => one !== head?.element);
    if (rest.length !== body.children.length || rest.some((one, i) => body.children[i] !== one)) put(rest);
    sections = next;
    if (mayChange(answer)) askLater();
  }

  /** Puts the elements in order. Those that are in place are not moved: moving takes the focus away. */
  function put(elements) {
    const stays = new Set(elements);
    for (const child of [...body.children]) if (!stays.has(child)) child.remove();
    elements.forEach((one, i) => {
      if (body.children[i] !== one) body.insertBefore(one, body.children[i] ?? null);
    });
  }

  function turn(to) {
    offset = to;
    clearTimeout(timer);
    ask();
  }

  function askLater() {
    if (!signal.aborted) timer = setTimeout(() => (document.hidden ? askLater() : ask()), EVERY);
  }

  ask();
  return { element, close: () => clearTimeout(timer) };
}

/** Whether asking again would give the same answer. */
function isOver({ status }) {
  return status === 404 || status === 400;
}

export function panel(title, ...children) {
  const head = h('div', { class: 'panel-head' }, h('h2', {}, title));
  return h('section', { class: 'panel', 'aria-label': title }, head, children);
}

/** Names and values, without those that are null. */
export function factList(facts) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined);
  return h(
    'dl',
    { class: 'facts' },
    known.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** `1 to 200 of 5,000`, and buttons for the other parts; null if the list is complete. */
export function pager({ total, offset, items }, size, turn, [before, after]) {
  if (total <= items.length) return null;
  const button = (text, to) => h('button', { type: 'button', onclick: () => turn(to) }, text);
  return h(
    'p',
    { class: 'more row' },
    `${offset + 1} to ${offset + items.length} of ${total}`,
    offset > 0 && button(before, Math.max(0, offset - size)),
    offset + items.length < total && button(after, offset + size),
  );
}
