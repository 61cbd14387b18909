// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { TrackEvent } from '../core/rules/event.ts';
import type { DecodedMap } from './decoded-map.ts';
import { type JsonObject, textMapOf, textOf, textsOf } from './json-shape.ts';
import type { Pair } from './pairs.ts';
import { cut } from './text.ts';

type Texts<K extends string> = { readonly [key in K]?: string | null | undefined };

/** Keys of the records in a context. */
export const RECORD_KEYS = {
  page: ['url', 'path', 'title', 'referrer'],
  utm: ['source', 'medium', 'campaign', 'term', 'content'],
  device: ['type', 'brand', 'model', 'os', 'browser', 'screen'],
  location: ['country', 'region', 'city', 'timezone'],
} as const;

export interface DecodedContext {
  readonly page?: Texts<(typeof RECORD_KEYS.page)[number]> | null | undefined;
  readonly utm?: Texts<(typeof RECORD_KEYS.utm)[number]> | null | undefined;
  readonly device?: Texts<(typeof RECORD_KEYS.device)[number]> | null | undefined;
  readonly location?: Texts<(typeof RECORD_KEYS.location)[number]> | null | undefined;
  readonly ip?: string | null | undefined;
  readonly user_agent?: string | null | undefined;
  readonly language?: string | null | undefined;
  readonly extra?: DecodedMap<string> | null | undefined;
}

/** Its fields that are texts. */
export const TEXT_FIELDS = ['ip', 'user_agent', 'language'] as const;

/** Its fields but page and utm, in the order of their UTF-8 bytes: that of `TrackEvent.context`. */
export const LISTED = ['device', 'extra', 'ip', 'language', 'location', 'user_agent'] as const;

/** Those of them that name something. */
export const NAMING = ['device', 'location', 'language'] as const;

/** `TrackEvent.named`. @param pairs of `NAMING`, in its order; null: the context does not have it. */
export function namedIn(pairs: readonly (Pair | null)[]): TrackEvent['named'] {
  const found = [
    named(pairs[0]!, 'type', 2048),
    named(pairs[0]!, 'brand', 2048),
    named(pairs[0]!, 'model', 2048),
    named(pairs[0]!, 'os', 2048),
    named(pairs[0]!, 'browser', 2048),
    named(pairs[1]!, 'country', 2048),
    named(pairs[1]!, 'region', 2048),
    named(pairs[1]!, 'city', 2048),
    named(pairs[2]!, null, 2048),
  ];
  for (let i = 0; i < found.length; i += 1) if (found[i] !== null) return found;
  return null;
}

/** @throws WrongType where a field of the JSON has another type. */
export function contextOfJson(json: JsonObject): DecodedContext {
  return {
    page: textsOf('context.page', json.page, RECORD_KEYS.page),
    utm: textsOf('context.utm', json.utm, RECORD_KEYS.utm),
    device: textsOf('context.device', json.device, RECORD_KEYS.device),
    location: textsOf('context.location', json.location, RECORD_KEYS.location),
    ip: textOf('context.ip', json.ip),
    user_agent: textOf('context.user_agent', json.user_agent),
    language: textOf('context.language', json.language),
    extra: textMapOf('context.extra', json.extra),
  };
}

/** A text of a record, or the text itself, cut; one that is absent or empty says nothing. */
function named(pair: Pair | null, key: string | null, bound: number): string | null {
  if (pair === null) return null;
  const text = key === null ? pair[1] : (pair[1] as { readonly [key: string]: string })[key];
  return text ? cut(text as string, bound) : null;
}
