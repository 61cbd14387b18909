/**
 * A track event after decoding and before any bound is checked: the fields of `schemas/TrackEvent.avsc`. Absent, null
 * and undefined are the same. Types are right; lengths, characters and values are not checked yet. Bytes that were no
 * valid UTF-8 stand in ids and types as lone surrogates.
 */
export interface DecodedEvent {
  readonly event_id?: string | null | undefined;
  readonly session_id?: string | null | undefined;
  readonly profile_id?: string | null | undefined;
  readonly source_id?: string | null | undefined;
  readonly type?: string | null | undefined;
  /** ms since the epoch, as the two below. */
  readonly occurred_at?: number | null | undefined;
  readonly sent_at?: number | null | undefined;
  readonly received_at?: number | null | undefined;
  readonly debug?: boolean | null | undefined;
  readonly context?: DecodedContext | null | undefined;
  readonly properties?: DecodedMap<Scalar> | null | undefined;
  readonly traits?: DecodedMap<Scalar> | null | undefined;
}

export type Scalar = null | boolean | number | string;

/** A map, as an object or as pairs; of pairs with the same key the last counts. */
export type DecodedMap<T> = { readonly [key: string]: T } | readonly (readonly [key: string, value: T])[];

type Texts<K extends string> = { readonly [key in K]?: string | null | undefined };

export interface DecodedContext {
  readonly page?: Texts<'url' | 'path' | 'title' | 'referrer'> | null | undefined;
  readonly utm?: Texts<'source' | 'medium' | 'campaign' | 'term' | 'content'> | null | undefined;
  readonly device?: Texts<'type' | 'brand' | 'model' | 'os' | 'browser' | 'screen'> | null | undefined;
  readonly location?: Texts<'country' | 'region' | 'city' | 'timezone'> | null | undefined;
  readonly ip?: string | null | undefined;
  readonly user_agent?: string | null | undefined;
  readonly extra?: DecodedMap<string> | null | undefined;
}

/** The pairs of a map. */
export function pairsOf<T>(map: DecodedMap<T>): readonly (readonly [key: string, value: T])[] {
  return Array.isArray(map) ? map : Object.entries(map as { readonly [key: string]: T });
}
