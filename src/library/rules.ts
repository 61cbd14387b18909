import type { Rules } from '../core/rules/rules.ts';
import { KEYS } from '../settings/declaration.ts';
import { settingsFrom } from '../settings/load.ts';
import { rulesOf } from '../settings/rules.ts';

export type { Rules } from '../core/rules/rules.ts';

/** The settings that a fold depends on, as in `tidemark.yaml`; docs/SETTINGS.md has their defaults and bounds. */
export interface RuleSettings {
  /** Inactivity that ends a visit: a duration such as `30m`, as are the next five. */
  readonly 'visit.gap'?: string;
  /** How far the watermark stays behind the event clock. */
  readonly 'visit.out_of_orderness'?: string;
  /** How long nothing must have arrived for a visit before it can end. */
  readonly 'visit.arrival_grace'?: string;
  /** How far the watermark may go on after a visit's end and still let a late event amend it. */
  readonly 'visit.allowed_lateness'?: string;
  /** How far behind the watermark an event may be at all; at least `visit.allowed_lateness` + `visit.gap`. */
  readonly 'visit.max_age'?: string;
  readonly 'visit.max_duration'?: string;
  /** How far ahead of its record's timestamp an event may be. */
  readonly 'visit.future_tolerance'?: string;
  readonly 'visit.max_events'?: number;
  /** Event types that end a visit. */
  readonly 'visit.ending_types'?: readonly string[];
  /** Event types that count as page views. */
  readonly 'visit.page_view_types'?: readonly string[];
  /** Session ids whose events are all debug events. */
  readonly 'visit.debug_session_ids'?: readonly string[];
  /** Whether `messages` has those of debug visits too. */
  readonly 'output.debug'?: boolean;
}

/** All settings of a fold but the clock's margin, which is for the processor: `endDue` gets the time. */
const RULE_KEYS = KEYS.filter((key) => /^(visit\.|output\.debug$)/.test(key) && key !== 'visit.clock_margin');

/**
 * The rules of a fold: the defaults, but for what is given.
 * @throws Error named `SettingsError` with all that is wrong: unknown keys, values out of bounds, or two that cannot
 *   stand together.
 */
export function rules(given: RuleSettings = {}): Rules {
  return rulesOf(settingsFrom({ ...given }, RULE_KEYS));
}
