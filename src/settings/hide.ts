import type { AnySetting } from './setting.ts';

export const HIDDEN = '***';

/** A setting's value as it may be printed. */
export function printable(setting: AnySetting, value: unknown): string {
  if (setting.secret === true) return value === null ? '' : HIDDEN;
  if (setting.secret !== 'password') return setting.type.format(value);
  return setting.type.format(Array.isArray(value) ? value.map(hidePassword) : hidePassword(value as string));
}

/** A URL without its password, wherever in it that may be; text that is no URL is hidden as a whole. */
export function hidePassword(url: string): string {
  // A URL of Postgres may have several hosts, which Node's URL cannot; all up to the last @ is the login.
  const [, scheme, login, rest] = /^([a-z]+:\/\/)(?:([^/?#]*)@)?([^@]*)$/i.exec(url) ?? [];
  if (scheme === undefined) return HIDDEN;
  const colon = login?.indexOf(':') ?? -1;
  const user = login === undefined ? '' : `${colon < 0 ? login : `${login.slice(0, colon)}:${HIDDEN}`}@`;
  return `${scheme}${user}${rest!.replace(SECRET_PARAMETER, `$1${HIDDEN}`)}`;
}

/** `passfile` does not match: it names a file, and is not hidden. */
const SECRET_PARAMETER = /([?&][^=&]*(?:password|passphrase|secret|token)[^=&]*=)[^&#]*/gi;
