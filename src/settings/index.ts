export {
  DECIDING,
  decidingDifferences,
  decidingSettings,
  explainDifferences,
  type SettingDifference,
} from './deciding.ts';
export { KEYS, type Key, RESERVED, SETTINGS } from './declaration.ts';
export { fromFile, type ValueSource } from './given.ts';
export { HIDDEN, hidePassword, printable } from './hide.ts';
export { type InForce, settingsInForce } from './in-force.ts';
export { type Loaded, type LoadOptions, loadSettings, SettingsError } from './load.ts';
export { rulesOf } from './rules.ts';
export { type Settings, valueAt } from './settings.ts';
export { formatBytes, formatDuration } from './types.ts';
