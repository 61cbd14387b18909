// Elements are made here and nowhere else, and text only ever becomes a text node, so that users' data is shown as it is and
// never read as markup.

const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element. Properties: attributes by name, listeners by `on…`; null and false leave one out. */
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for an SVG element. */
export function s(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else setAttribute(element, name, value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Writes an attribute only if it differs, so that a picture that stays the same costs nothing. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** The same for text. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Replaces all children of an element. */
export function replaceChildren(parent, ...children) {
  parent.replaceChildren(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
}

/**
 * Children by key, in order: those that stay are updated in place and keep the focus, others come and go.
 * `make(item)` gives `{ element, update(item) }`.
 */
export class Keyed {
  constructor(parent, keyOf, make) {
    this.parent = parent;
    this.keyOf = keyOf;
    this.make = make;
    this.shown = new Map();
  }

  update(items) {
    const next = new Map();
    for (const item of items) {
      const key = this.keyOf(item);
      const part = this.shown.get(key) ?? this.make(item);
      part.update(item);
      next.set(key, part);
    }
    for (const [key, { element }] of this.shown) if (!next.has(key)) element.remove();
    let at = this.parent.firstElementChild;
    for (const { element } of next.values()) {
      if (element === at) at = at.nextElementSibling;
      else this.parent.insertBefore(element, at);
    }
    this.shown = next;
  }
}
