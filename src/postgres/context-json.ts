import { BoundedMap } from '../core/memory/bounded-map.ts';
import { ContextWalk, PAGE_KEY, UTM_KEY } from '../core/rules/context.ts';
import type { ContextEntry, ContextParts, Json } from '../core/rules/event.ts';
import type { ByteWriter } from './bytes.ts';
import { ValueCache } from './caches.ts';

const walk = new ContextWalk();

/**
 * Writes a JSON object in the order of `ContextWalk`, by hand, because an object made of the keys would order those that
 * look like integers, and trip over `__proto__`.
 */
export function writeContext(out: ByteWriter, context: ContextParts): void {
  out.byte(BRACE);
  let isFirst = true;
  for (walk.begin(context); walk.next(); ) {
    if (!isFirst) out.byte(COMMA);
    isFirst = false;
    out.raw(entryJson(walk.entry));
  }
  out.byte(BRACE_END);
}

/**
 * UTF-8 of entries, which all visits with the same device, or on the same page, share. A weak map, which would drop
 * them by itself, costs the garbage collector more than it saves.
 */
const written = new BoundedMap<ContextEntry, Uint8Array>(16_384);

function entryJson(entry: ContextEntry): Uint8Array {
  let json = written.get(entry);
  if (json === undefined) {
    json = Buffer.from(`${JSON.stringify(entry[0])}:${JSON.stringify(entry[1])}`);
    written.set(entry, json);
  }
  return json;
}

const entries = new ValueCache<ContextEntry>();

/** Reads what `writeContext` wrote; equal entries become one object. */
export function readContextJson(json: string): ContextParts {
  const context: ContextEntry[] = [];
  let contextPage: ContextEntry | null = null;
  let contextUtm: ContextEntry | null = null;
  let start = 1;
  let depth = 0;
  for (let i = 1; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(json, i);
    } else if (code === BRACE || code === BRACKET) {
      depth += 1;
    } else if (depth > 0) {
      if (code === BRACE_END || code === BRACKET_END) depth -= 1;
    } else if (code === COMMA || code === BRACE_END) {
      const entry = i > start ? entryOf(json.slice(start, i)) : null;
      start = i + 1;
      if (entry === null) continue;
      if (entry[0] === PAGE_KEY) contextPage = entry;
      else if (entry[0] === UTM_KEY) contextUtm = entry;
      else context.push(entry);
    }
  }
  return { context, contextPage, contextUtm };
}

function entryOf(json: string): ContextEntry {
  return entries.get(json, () => {
    const colon = endOfString(json, 0) + 1;
    return [JSON.parse(json.slice(0, colon)) as string, JSON.parse(json.slice(colon + 1)) as Json];
  });
}

/** Index of the quote that ends the string whose first one is at `i`. */
function endOfString(json: string, i: number): number {
  for (let at = i + 1; ; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
    else if (Number.isNaN(code)) throw new SyntaxError('a context ends too early: the row was changed by another hand');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
