import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { readTls, type TlsFiles, type TlsMaterial } from '../secrets/pem.ts';

/** TLS as its files say at this moment: a certificate that was exchanged holds from the next connection on. */
export class TlsOptions {
  readonly #files: TlsFiles;
  #last: { readonly material: TlsMaterial; readonly secureContext: SecureContext } | null = null;

  constructor(files: TlsFiles) {
    this.#files = files;
  }

  /** For one connection. @throws PemUnusable, SecretUnreadable */
  now(): ConnectionOptions {
    const material = readTls('kafka.tls_', this.#files);
    // Connections are made by the dozen, and a context takes a millisecond or more.
    if (this.#last === null || !isDeepStrictEqual(this.#last.material, material)) {
      this.#last = { material, secureContext: createSecureContext(material) };
    }
    return { secureContext: this.#last.secureContext };
  }
}
