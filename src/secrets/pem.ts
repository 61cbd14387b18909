/** What TLS is made of: certificates and keys in PEM files, told of in words where they are not what they should be. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readSecret, type Secret } from './secret.ts';

/** Absolute paths; null: not set. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly passphrase?: Secret;
}

/** As node:tls takes it; what is not there is not set. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

/** The message names setting and path, and says what is expected. */
export class PemUnusable extends Error {
  override readonly name = 'PemUnusable';
}

/**
 * Reads them, and whether they belong together.
 * @param prefix of the settings that name them: `kafka.tls_`
 * @throws PemUnusable, SecretUnreadable
 */
export function readTls(prefix: string, { ca, cert, key, passphrase }: TlsFiles): TlsMaterial {
  const material: { -readonly [K in keyof TlsMaterial]: TlsMaterial[K] } = {};
  if (ca !== null) material.ca = readCertificates(`${prefix}ca`, ca).pem;
  const own = cert === null ? null : readCertificates(`${prefix}cert`, cert);
  if (own !== null) material.cert = own.pem;
  if (key === null) return material;
  const secret = passphrase === undefined ? null : readSecret(passphrase);
  const read = readKey(prefix, key, secret);
  if (own !== null && !own.first.checkPrivateKey(read.key)) {
    throw new PemUnusable(
      `${prefix}key: the key in ${key} does not belong to the first certificate in ${cert}, ${prefix}cert: ` +
        'give both of one pair, the own certificate before those that signed it',
    );
  }
  material.key = read.pem;
  if (secret !== null) material.passphrase = secret;
  return material;
}

const CERTIFICATE = /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (X509 |TRUSTED )?CERTIFICATE-----/g;

function readCertificates(setting: string, path: string): { readonly pem: string; readonly first: X509Certificate } {
  const pem = read(setting, path);
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw notPem(setting, path, 'certificate', '-----BEGIN CERTIFICATE-----', pem);
  const certificates = blocks.map((block, i) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      const which = blocks.length === 1 ? 'the certificate' : `certificate ${i + 1} of ${blocks.length}`;
      throw new PemUnusable(`${setting}: ${which} in ${path} is damaged: ${(error as Error).message}`, {
        cause: error,
      });
    }
  });
  return { pem, first: certificates[0]! };
}

function readKey(prefix: string, path: string, passphrase: string | null): { pem: string; key: KeyObject } {
  const setting = `${prefix}key`;
  const pem = read(setting, path);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw notPem(setting, path, 'private key', '-----BEGIN PRIVATE KEY-----', pem);
  }
  const encrypted = /-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (encrypted && passphrase === null) {
    throw new PemUnusable(`${setting}: the key in ${path} is encrypted: set ${prefix}key_passphrase`);
  }
  try {
    return { pem, key: createPrivateKey({ key: pem, ...(passphrase === null ? {} : { passphrase }) }) };
  } catch (error) {
    const said = (error as Error).message;
    throw new PemUnusable(
      encrypted
        ? `${prefix}key_passphrase does not open the key in ${path}, or the key is damaged: ${said}`
        : `${setting}: the key in ${path} is damaged: ${said}`,
      { cause: error },
    );
  }
}

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PemUnusable(`${setting}: the file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function notPem(setting: string, path: string, what: string, begin: string, found: string): PemUnusable {
  const other = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(found)?.[1];
  const binary = /[\0\ufffd]/.test(found);
  const hint = other
    ? `; what it holds is: ${other}`
    : binary
      ? '; it is binary: convert DER, PKCS #12 or a Java keystore with openssl or keytool first'
      : '';
  return new PemUnusable(`${setting}: the file ${path} holds no ${what} in PEM form ("${begin}")${hint}`);
}
