/**
 * The settings that decide what a log means. A state must never be folded under two values of one: half of the visits would
 * follow one rule and half the other, and no replay would give them again. So they are stored with the state and compared at
 * each start.
 */
import type { Json } from '../core/rules/event.ts';
import { KEYS, SETTINGS } from './declaration.ts';
import { type AnySetting, isDerived } from './setting.ts';
import { type Settings, valueAt } from './settings.ts';

export const DECIDING: readonly string[] = KEYS.filter((key) => SETTINGS[key].change === 'replay');

export interface SettingDifference {
  readonly key: string;
  /** The stored value, in the form in which it can be set again; null: this version has no such setting. */
  readonly kept: string;
  readonly now: string | null;
}

/** By key, canonical: equal values are equal JSON. Durations are in ms, lists sorted, because their order means nothing. */
export function decidingSettings(settings: Settings): Record<string, Json> {
  return Object.fromEntries(DECIDING.map((key) => [key, canonical(valueAt(settings, key))]));
}

function canonical(value: unknown): Json {
  return Array.isArray(value) ? (value as string[]).toSorted() : (value as Json);
}

/** Differences between the settings stored with the state and those in force. A key that is not stored had its default. */
export function decidingDifferences(kept: Readonly<Record<string, Json>>, settings: Settings): SettingDifference[] {
  const now = decidingSettings(settings);
  const differences: SettingDifference[] = [];
  for (const key of new Set([...DECIDING, ...Object.keys(kept)])) {
    const setting = Object.hasOwn(SETTINGS, key) ? (SETTINGS as Record<string, AnySetting>)[key]! : null;
    if (setting === null || !DECIDING.includes(key)) {
      differences.push({ key, kept: JSON.stringify(kept[key]), now: null });
      continue;
    }
    const before = key in kept ? kept[key]! : canonical(isDerived(setting.default) ? null : setting.default);
    if (JSON.stringify(before) === JSON.stringify(now[key])) continue;
    differences.push({ key, kept: setting.type.format(before), now: setting.type.format(now[key]) });
  }
  return differences;
}

/** What happened and what to do, for an error. */
export function explainDifferences(differences: readonly SettingDifference[]): string {
  const lines = differences.map(({ key, kept, now }) =>
    now === null
      ? `  - ${key} was ${kept}, and this version knows no such setting: run the version that wrote the state`
      : `  - ${key} was ${kept} and is now ${now}`,
  );
  return (
    `the state in the database was folded under other settings:\n${lines.join('\n')}\n` +
    'These decide what a visit is, so changing them under running state is refused. Set them back, or fold ' +
    'the log anew under the new ones: into another database.schema, with another kafka.group and other output topics.'
  );
}
