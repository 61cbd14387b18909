import { type ConnectionOptions, getCACertificates, type SecureVersion } from 'node:tls';
import { type NamedFile, readTls } from '../files/tls.ts';
import type { Target } from './target.ts';

/** What pg takes as `ssl`; false: without TLS. */
export type Ssl = false | ConnectionOptions;

/**
 * The ways to speak to a host, in the order in which libpq tries them: `prefer` goes on without TLS where the server has
 * none, `allow` goes on with it where the server asks for it.
 * @throws UnusableFile; another error where parameters contradict each other
 */
export function waysOf(target: Target): readonly Ssl[] {
  const { sslMode, parameter } = target;
  const direct = parameter('sslnegotiation') === 'direct';
  if (direct && ['disable', 'allow', 'prefer'].includes(sslMode)) {
    throw new Error(`database.url: sslnegotiation=direct goes with sslmode=require or stricter, not with ${sslMode}`);
  }
  if (sslMode === 'disable') return [false];
  const tls = tlsOf(target);
  if (sslMode === 'allow') return [false, tls];
  return sslMode === 'prefer' ? [tls, false] : [tls];
}

/** Whether the next way is worth trying after this error: only if the error is about TLS. */
export function mayGoOn(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  // 28000: pg_hba.conf has no line for this host with TLS, or without it.
  return code === '28000' || /does not support SSL/.test(message ?? '') || /^ERR_(SSL|TLS)/.test(code ?? '');
}

/** As libpq has it: with an authority in hand its signature is asked for in every mode, the host's name in one. */
function tlsOf({ sslMode, parameter }: Target): ConnectionOptions {
  const root = parameter('sslrootcert');
  if (sslMode === 'verify-ca' && root === null) {
    throw new Error(
      'database.url: sslmode=verify-ca goes with sslrootcert alone: anybody may have a certificate of a public authority. ' +
        'Name the file of your own, or use sslmode=verify-full',
    );
  }
  const passphrase = parameter('sslpassword');
  const verifies = root !== null || sslMode === 'verify-full';
  const [least, most] = [parameter('ssl_min_protocol_version'), parameter('ssl_max_protocol_version')];
  return {
    ...readTls({
      ca: root === 'system' ? null : file('sslrootcert', root),
      cert: file('sslcert', parameter('sslcert')),
      key: file('sslkey', parameter('sslkey')),
      passphrase: passphrase === null ? null : { setting: 'sslpassword of database.url', value: passphrase },
    }),
    ...(root === 'system' ? { ca: [...getCACertificates('system'), ...getCACertificates('default')] } : {}),
    ...(verifies ? {} : { rejectUnauthorized: false }),
    ...(sslMode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(least === null ? {} : { minVersion: least as SecureVersion }),
    ...(most === null ? {} : { maxVersion: most as SecureVersion }),
  };
}

function file(name: string, path: string | null): NamedFile | null {
  return path === null ? null : { setting: `${name} of database.url`, path };
}
