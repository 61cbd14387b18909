import { expect } from '@jest/globals';
import { contextEntries } from '../../../src/core/rules/context.ts';
import { type Entry, isRefusal, type TrackEvent } from '../../../src/core/rules/event.ts';

const EARLIEST = Date.UTC(2000, 0, 1);
const KB32 = 32 * 1024;
const COLUMN = 2_048;

const bytes = (text: string): number => Buffer.byteLength(text);

/** Fails unless Postgres can hold the text as it is: no NUL, and the same after a way through UTF-8. */
function holdable(text: string, max: number, what: string): void {
  const fault =
    bytes(text) > max
      ? `takes ${bytes(text)} bytes of ${max}`
      : text.includes('\0')
        ? 'holds NUL'
        : Buffer.from(text).toString() === text
          ? null
          : 'is not well-formed';
  if (fault !== null) throw new Error(`${what} ${fault}: ${JSON.stringify(text.slice(0, 80))}`);
}

/** The same of a value that goes into a jsonb column, where the escapes of NUL and of lone surrogates are refused too. */
function holdableJson(value: unknown, what: string): void {
  if (typeof value === 'string') holdable(value, Number.POSITIVE_INFINITY, what);
  else if (typeof value === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0)) throw new Error(`${what} is ${value}`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      holdable(key, Number.POSITIVE_INFINITY, `a key of ${what}`);
      holdableJson(each, `${what}.${key.slice(0, 20)}`);
    }
  }
}

function inOrder(keys: readonly string[], what: string): void {
  for (let i = 1; i < keys.length; i++) {
    const [a, b] = [Buffer.from(keys[i - 1]!), Buffer.from(keys[i]!)];
    if (Buffer.compare(a, b) >= 0) throw new Error(`keys of ${what} are not each once and in order of their bytes`);
  }
}

function id(text: string | null, max: number, what: string): void {
  if (text === null) return;
  if (text === '') throw new Error(`${what} is empty`);
  holdable(text, max, what);
}

function column(text: string | null, what: string): void {
  id(text, COLUMN, what);
}

/** Fails unless an entry keeps every bound that SEMANTICS.md names under "Bounds". */
export function expectWithinBounds(entry: Entry): void {
  if (isRefusal(entry)) {
    expect(['undecodable', 'invalid']).toContain(entry.refused);
    if (entry.error === '') throw new Error('a refusal does not say why');
    holdable(entry.error, COLUMN, 'the error');
    id(entry.eventId, 128, 'the event id of a refusal');
    return;
  }
  const event: TrackEvent = entry;
  id(event.eventId, 128, 'event id');
  id(event.sessionId, 128, 'session id');
  id(event.profileId, 128, 'profile id');
  id(event.sourceId, 128, 'source id');
  id(event.type, 64, 'type');
  if (!Number.isSafeInteger(event.t) || event.t < EARLIEST) throw new Error(`t is ${event.t}`);
  column(event.page, 'page');
  column(event.referrer, 'referrer');
  for (const text of event.utm ?? []) column(text, 'a UTM value');
  for (const text of event.named ?? []) column(text, 'what is named of device or location');

  const entries = contextEntries(event);
  const context = Object.fromEntries(entries);
  inOrder(
    entries.map(([key]) => key),
    'context',
  );
  holdableJson(context, 'context');
  if (bytes(JSON.stringify(context)) > KB32) throw new Error('context takes more than 32 KB');

  if (event.traits.length > 100) throw new Error(`${event.traits.length} traits`);
  inOrder(
    event.traits.map(([key]) => key),
    'traits',
  );
  for (const [key] of event.traits) holdable(key, COLUMN, 'a trait’s key');
  const traits = Object.fromEntries(event.traits);
  holdableJson(traits, 'traits');
  if (bytes(JSON.stringify(traits)) > KB32) throw new Error('traits take more than 32 KB');

  if (event.properties === null) return;
  holdable(event.properties, Number.POSITIVE_INFINITY, 'properties');
  const properties: unknown = JSON.parse(event.properties);
  holdableJson(properties, 'properties');
}
