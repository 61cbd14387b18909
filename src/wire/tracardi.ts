/**
 * Tracardi's track payload: one source, session, profile and context, and a list of events, each of which is one entry.
 * What Tracardi's own options say of saving and processing is not ours to follow, but `debugger` marks debug traffic.
 */

import { uuidV5 } from '../core/ids.ts';
import { PackedId } from '../core/memory/event-ids.ts';
import type { Json, Refusal } from '../core/rules/event.ts';
import { canonicalJson, NoJson } from './canonical-json.ts';
import type { DecodedEvent } from './decoded.ts';
import type { Scalar } from './decoded-map.ts';
import { isScalar, type JsonObject, objectOf, optionalObject, textOf, timeOf, WrongType } from './json-shape.ts';
import { invalid, undecodable } from './refusal.ts';
import { decodeTracardiContext } from './tracardi-context.ts';

/** Where a record came from. */
export interface RecordPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** ms since the epoch; the time of events that name none. */
  readonly timestamp: number;
}

/** Name space of the ids that events without one get: UUID v5 of `tidemark.v1` in the name space for DNS names. */
const DNS = new PackedId().set('6ba7b810-9dad-11d1-80b4-00c04fd430c8');
const NAMESPACE = new PackedId().set(uuidV5(DNS, 'tidemark.v1'));

/**
 * Events of one payload, at most. Each that is set aside goes with the whole payload, so what a record may give out grows
 * with its square.
 */
const MAX_EVENTS = 1_000;

/** @returns one event or refusal for each element of `events`, at least one; one refusal in all where they are too many. */
export function decodeTracardi(json: unknown, at: RecordPosition): (DecodedEvent | Refusal)[] {
  try {
    const payload = objectOf('the record', json);
    const events = payload.events ?? [];
    if (!Array.isArray(events)) return [undecodable('events is no list')];
    if (events.length === 0) return [invalid('the payload holds no events')];
    if (events.length > MAX_EVENTS) {
      return [
        invalid(`the payload holds ${events.length} events; at most ${MAX_EVENTS} are taken: send them in several`),
      ];
    }
    const shared = sharedOf(payload);
    return events.map((event, index) => decodeOne(event, index, shared, at));
  } catch (error) {
    if (error instanceof WrongType) return [undecodable(error.message)];
    throw error;
  }
}

/** What all events of a payload share. */
interface Shared {
  readonly sessionId: string | null;
  readonly profileId: string | null;
  readonly sourceId: string | null;
  readonly time: number | null;
  readonly ip: string | null;
  readonly debug: boolean;
  readonly context: JsonObject | null;
}

function sharedOf(payload: JsonObject): Shared {
  const metadata = optionalObject('metadata', payload.metadata);
  return {
    sessionId: idOf('session', payload.session),
    profileId: idOf('profile', payload.profile),
    sourceId: idOf('source', payload.source),
    time: eventTimeOf('metadata.time', metadata?.time),
    ip: textOf('metadata.ip', metadata?.ip),
    debug: payload.debug === true || isDebugged('options', payload.options),
    context: optionalObject('context', payload.context),
  };
}

function decodeOne(json: unknown, index: number, shared: Shared, at: RecordPosition): DecodedEvent | Refusal {
  const path = `events[${index}]`;
  try {
    const event = objectOf(path, json);
    const context = { ...shared.context, ...optionalObject(`${path}.context`, event.context) };
    return {
      event_id: textOf(`${path}.id`, event.id) || eventIdOf(at, index),
      session_id: shared.sessionId,
      profile_id: shared.profileId,
      source_id: shared.sourceId,
      type: textOf(`${path}.type`, event.type)?.trim() ?? null,
      occurred_at: eventTimeOf(`${path}.time`, event.time) ?? shared.time ?? at.timestamp,
      debug: shared.debug || isDebugged(`${path}.options`, event.options),
      context: decodeTracardiContext(context, shared.ip),
      properties: propertiesOf(`${path}.properties`, event.properties),
    };
  } catch (error) {
    if (error instanceof WrongType) return undecodable(error.message);
    if (error instanceof NoJson) return invalid(`${path}: ${error.message}`);
    throw error;
  }
}

/** UUID v5 of topic, partition, offset and index: the same on every replay. */
function eventIdOf(at: RecordPosition, index: number): string {
  return uuidV5(NAMESPACE, `${at.topic}\0${at.partition}\0${at.offset}\0${index}`);
}

function idOf(path: string, value: unknown): string | null {
  return textOf(`${path}.id`, optionalObject(path, value)?.id);
}

/** `create` is the client's time; `insert` is set to date an event by hand. */
function eventTimeOf(path: string, value: unknown): number | null {
  const time = optionalObject(path, value);
  return timeOf(`${path}.create`, time?.create) ?? timeOf(`${path}.insert`, time?.insert);
}

function isDebugged(path: string, value: unknown): boolean {
  return optionalObject(path, value)?.debugger === true;
}

/** What is nested becomes JSON text, as the schema wants it. */
function propertiesOf(path: string, value: unknown): [string, Scalar][] | null {
  const properties = optionalObject(path, value);
  if (properties === null) return null;
  return Object.entries(properties).map(([key, each]) => [key, isScalar(each) ? each : canonicalJson(each as Json)]);
}
