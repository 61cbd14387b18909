import type { Refusal } from '../core/rules/event.ts';
import { contextOfJson, type DecodedContext } from './context.gen.ts';
import type { DecodedEvent } from './decoded.ts';
import {
  flagOf,
  type JsonObject,
  objectOf,
  optionalObject,
  scalarMapOf,
  textOf,
  timeOf,
  WrongType,
} from './json-shape.ts';
import { undecodable } from './refusal.ts';
import { decodeUtf8, fits, isClean } from './text.ts';
import { MAX_ID } from './track-event.ts';

/** Parses a record's value. Bytes that are no valid UTF-8 become lone surrogates, so that ids with them are refused. */
export function parseJson(value: Buffer | null): { readonly json: unknown } | Refusal {
  if (value === null) return undecodable('the record has no value');
  const text = decodeUtf8(value);
  try {
    return { json: JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text) };
  } catch {
    // The engine's own message differs between its versions.
    return undecodable('the value is not JSON');
  }
}

/**
 * One track event as JSON: the record of `schemas/TrackEvent.avsc`, times as ms since the epoch or ISO 8601, unknown
 * keys ignored. Of another type than the schema's is `undecodable`, as it would be in Avro.
 */
export function decodeJsonEvent(json: unknown): DecodedEvent | Refusal {
  try {
    return eventOf(objectOf('the record', json));
  } catch (error) {
    if (error instanceof WrongType) return undecodable(error.message, readableId(json));
    throw error;
  }
}

function eventOf(json: JsonObject): DecodedEvent {
  return {
    event_id: textOf('event_id', json.event_id),
    session_id: textOf('session_id', json.session_id),
    profile_id: textOf('profile_id', json.profile_id),
    source_id: textOf('source_id', json.source_id),
    type: textOf('type', json.type),
    occurred_at: timeOf('occurred_at', json.occurred_at),
    sent_at: timeOf('sent_at', json.sent_at),
    received_at: timeOf('received_at', json.received_at),
    debug: flagOf('debug', json.debug),
    context: contextOf(json.context),
    properties: scalarMapOf('properties', json.properties),
    traits: scalarMapOf('traits', json.traits),
  };
}

function contextOf(value: unknown): DecodedContext | null {
  const context = optionalObject('context', value);
  return context === null ? null : contextOfJson(context);
}

function readableId(json: unknown): string | null {
  const id = typeof json === 'object' && json !== null ? (json as JsonObject).event_id : null;
  return typeof id === 'string' && id !== '' && isClean(id) && fits(id, MAX_ID) ? id : null;
}
