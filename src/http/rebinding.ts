import { isIP } from 'node:net';
import type { Settings } from '../settings/index.ts';

/**
 * Checks a request's Host, against DNS rebinding: a foreign page can have its own name resolve to 127.0.0.1 and then read what
 * is served there to this machine alone. Its requests have that name as their Host. So if the address is this machine's own
 * and no token is set, the host has to be an address, which cannot be rebound, or a name for this machine.
 *
 * At other addresses the valid names are not known here, and a token keeps others out.
 *
 * @returns null, or what is wrong with the request's host.
 */
export function hostCheck({ host, token }: Settings['http']): (host: string | undefined) => string | null {
  if (token !== null || !isLoopback(host)) return () => null;
  return (given) => {
    const name = nameOf(given ?? '');
    if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return null;
    return (
      'the console is served to this machine only, and this request came by the name of another host. ' +
      'Open it by 127.0.0.1 or localhost, or set http.token'
    );
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The name in `name:port` and `[address]:port`. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
