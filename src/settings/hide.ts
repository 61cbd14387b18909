import type { AnySetting } from './setting.ts';

export const HIDDEN = '***';

/** A setting's value as it may be printed. */
export function printable(setting: AnySetting, value: unknown): string {
  if (setting.secret === true) return value === null ? '' : HIDDEN;
  const written = setting.type.format(value);
  return setting.secret === 'password' ? hidePassword(written) : written;
}

/** The same URL without its password, wherever it may stand in one; text that is no URL is hidden as a whole. */
export function hidePassword(url: string): string {
  if (!URL.canParse(url)) return HIDDEN;
  const parsed = new URL(url);
  let hidden = parsed.password !== '';
  if (hidden) parsed.password = HIDDEN;
  for (const name of [...parsed.searchParams.keys()]) {
    if (!/pass|secret|token/i.test(name)) continue;
    parsed.searchParams.set(name, HIDDEN);
    hidden = true;
  }
  return hidden ? parsed.href : url;
}
