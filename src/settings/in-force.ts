import { KEYS, SETTINGS } from './declaration.ts';
import type { ValueSource } from './given.ts';
import { printable } from './hide.ts';
import type { Loaded } from './load.ts';
import { valueAt } from './settings.ts';

/** A setting for people, secrets hidden. */
export interface InForce {
  readonly key: string;
  /** Empty: not set. */
  readonly value: string;
  readonly source: ValueSource;
  /** File and line, variable or flag; empty for a default. */
  readonly where: string;
  readonly doc: string;
}

/** All settings, in the order of their declaration. */
export function settingsInForce({ settings, sources, where }: Loaded): InForce[] {
  return KEYS.map((key) => ({
    key,
    value: printable(SETTINGS[key], valueAt(settings, key)),
    source: sources.get(key)!,
    where: where.get(key) ?? '',
    doc: SETTINGS[key].doc,
  }));
}
