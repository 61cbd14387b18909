// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { Utm } from './event.ts';

/** The values of `VALUE_GROUPS`, and what is named, in the order of `NAMED_VALUES`. */
export interface VisitValues {
  /** `TrackEvent.profileId` of the last event that names it. */
  readonly profileId: string | null;
  /** `TrackEvent.sourceId` of the first event that names it. */
  readonly sourceId: string | null;
  /** `TrackEvent.page` of the first event that names it. */
  readonly entryPage: string | null;
  /** `TrackEvent.referrer` of the first event with a `page`. */
  readonly referrer: string | null;
  /** `TrackEvent.page` of the last event that names it. */
  readonly exitPage: string | null;
  /** `TrackEvent.utm` of the first event that names it. */
  readonly utm: Utm | null;
  readonly named: readonly (string | null)[];
}
