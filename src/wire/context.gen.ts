// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { TrackEvent } from '../core/rules/event.ts';
import type { Pair } from './context.ts';
import type { DecodedMap } from './decoded.ts';
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
  readonly extra?: DecodedMap<string> | null | undefined;
}

/** Its fields that are texts. */
export const TEXT_FIELDS = ['ip', 'user_agent'] as const;

/** Its fields but page and utm, in the order of their UTF-8 bytes: that of `TrackEvent.context`. */
export const LISTED = ['device', 'extra', 'ip', 'location', 'user_agent'] as const;

/** Those of them that name something. */
export const NAMING = ['device', 'location'] as const;

/** `TrackEvent.named`. @param pairs of `NAMING`, in its order; null: the context does not have it. */
export function namedIn(device: Pair | null, location: Pair | null): TrackEvent['named'] {
  if (device === null && location === null) return null;
  const named = [
    textOf(device, 'type', 2048),
    textOf(device, 'brand', 2048),
    textOf(device, 'model', 2048),
    textOf(device, 'os', 2048),
    textOf(device, 'browser', 2048),
    textOf(location, 'country', 2048),
    textOf(location, 'region', 2048),
    textOf(location, 'city', 2048),
  ];
  for (let i = 0; i < named.length; i += 1) if (named[i] !== null) return named;
  return null;
}

/** A text of a record, or the text itself, cut; one that is absent or empty says nothing. */
function textOf(pair: Pair | null, key: string | null, bound: number): string | null {
  if (pair === null) return null;
  const text = key === null ? pair[1] : (pair[1] as { readonly [key: string]: string })[key];
  return text ? cut(text as string, bound) : null;
}
