import type { DecodedContext } from './context.gen.ts';
import type { DecodedMap, Scalar } from './decoded-map.ts';

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
