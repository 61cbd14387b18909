import { type ConnectionOptions, createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { type NamedFile, readTls } from '../files/tls.ts';
import { readSecret } from '../secrets/secret.ts';
import type { Settings } from '../settings/index.ts';

const PASSPHRASE = 'kafka.tls_key_passphrase';

/** `settings.kafka`; what is left out is not set. */
export type TlsSettings = Partial<
  Pick<Settings['kafka'], 'tlsCa' | 'tlsCert' | 'tlsKey' | 'tlsKeyPassphrase' | 'tlsKeyPassphraseFile'>
>;

/** TLS as its files say at this moment: a certificate that was exchanged holds from the next connection on. */
export class TlsOptions {
  readonly #settings: TlsSettings;
  #last: { readonly read: SecureContextOptions; readonly secureContext: SecureContext } | null = null;

  constructor(settings: TlsSettings) {
    this.#settings = settings;
  }

  /** For one connection. @throws UnusableFile, SecretUnreadable */
  now(): ConnectionOptions {
    const { tlsCa, tlsCert, tlsKey, tlsKeyPassphrase = null, tlsKeyPassphraseFile = null } = this.#settings;
    const passphrase = readSecret({ setting: PASSPHRASE, value: tlsKeyPassphrase, file: tlsKeyPassphraseFile });
    const read = readTls({
      ca: named('kafka.tls_ca', tlsCa),
      cert: named('kafka.tls_cert', tlsCert),
      key: named('kafka.tls_key', tlsKey),
      passphrase: passphrase === null ? null : { setting: PASSPHRASE, value: passphrase },
    });
    // Connections are made by the dozen, and a context takes a millisecond or more.
    if (this.#last === null || !isDeepStrictEqual(this.#last.read, read)) {
      this.#last = { read, secureContext: createSecureContext(read) };
    }
    return { secureContext: this.#last.secureContext };
  }
}

function named(setting: string, path: string | null | undefined): NamedFile | null {
  return path ? { setting, path } : null;
}
