import type { Rules } from '../core/rules/rules.ts';
import { readMeta } from '../postgres/meta.ts';
import { rulesOf, type Settings } from '../settings/index.ts';
import type { Database } from './database.ts';

/** The rules that the state was folded under. Durations in ms. */
export interface StateRules extends Rules {
  /** The margin that is subtracted from the clock before it ends visits of a drained partition; null: only records end visits. */
  readonly clockMargin: number | null;
}

/** Settings that the state keeps and a reader needs, by key. */
const STORED_SETTINGS = {
  'visit.gap': 'gap',
  'visit.out_of_orderness': 'outOfOrderness',
  'visit.arrival_grace': 'arrivalGrace',
  'visit.allowed_lateness': 'allowedLateness',
  'visit.max_age': 'maxAge',
  'visit.max_duration': 'maxDuration',
  'visit.max_events': 'maxEvents',
  'visit.future_tolerance': 'futureTolerance',
  'visit.ending_types': 'endingTypes',
  'visit.page_view_types': 'pageViewTypes',
  'visit.debug_session_ids': 'debugSessionIds',
  'output.debug': 'outputDebug',
} as const satisfies Readonly<Record<string, keyof Rules>>;

/** The rules kept with the state, from which `run` would refuse to differ; if there are none yet, those of the settings. */
export async function stateRules(database: Database, settings: Settings): Promise<StateRules> {
  const kept = ((await readMeta(database))?.settings ?? {}) as Readonly<Record<string, unknown>>;
  const rules: Record<string, unknown> = { ...rulesOf(settings) };
  for (const [key, name] of Object.entries(STORED_SETTINGS)) {
    const value = kept[key];
    if (value !== undefined) rules[name] = Array.isArray(value) ? new Set(value) : value;
  }
  const anticipates = kept['input.timestamps'] === 'append' || settings.visit.anticipates;
  const margin = (kept['visit.clock_margin'] ?? settings.visit.clockMargin) as number;
  return { ...(rules as unknown as Rules), clockMargin: anticipates ? margin : null };
}
