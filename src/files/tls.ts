import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** A named file that cannot be used: the message has what is wrong with it, and the setting that names it. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';
}

/** A file of certificates or with a key. */
export interface NamedFile {
  /** What to correct if it cannot be used: a setting, or a parameter of one. */
  readonly setting: string;
  readonly path: string;
}

export interface TlsFiles {
  /** The authorities to trust, instead of Node.js's own. */
  readonly ca?: NamedFile | null;
  /** The client's certificate, followed by those between it and its authority. */
  readonly cert?: NamedFile | null;
  readonly key?: NamedFile | null;
  readonly passphrase?: { readonly setting: string; readonly value: string } | null;
}

/**
 * The present content of the files: they are read at each call, because certificates are exchanged under running programs.
 * Node.js accepts as an authority what is no PEM, without an error, and then trusts no server; so it is checked here.
 * @throws UnusableFile
 */
export function readTls({ ca, cert, key, passphrase }: TlsFiles): SecureContextOptions {
  const options: SecureContextOptions = {};
  if (ca) options.ca = certificatesIn(ca);
  if (cert) options.cert = certificatesIn(cert);
  if (key) {
    options.key = keyIn(key, passphrase ?? null);
    if (passphrase) options.passphrase = passphrase.value;
  }
  if (cert && key) assertPair(options, cert, key);
  return options;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(file: NamedFile): string {
  const text = read(file);
  const found = text.match(CERTIFICATE);
  if (found === null) throw new UnusableFile(`${nameOf(file)} holds no certificate in PEM form${hintAt(text)}`);
  for (const one of found) {
    try {
      new X509Certificate(one);
    } catch (error) {
      throw new UnusableFile(`${nameOf(file)} holds a certificate that cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return text;
}

function keyIn(file: NamedFile, passphrase: { readonly setting: string; readonly value: string } | null): string {
  const text = read(file);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new UnusableFile(`${nameOf(file)} holds no private key in PEM form${hintAt(text)}`);
  }
  try {
    createPrivateKey({ key: text, ...(passphrase ? { passphrase: passphrase.value } : {}) });
  } catch (error) {
    if (/ENCRYPTED/.test(text)) {
      const what = passphrase ? `${passphrase.setting} does not open it` : 'it is encrypted, and no passphrase is set';
      throw new UnusableFile(`${nameOf(file)}: ${what}`, { cause: error });
    }
    throw new UnusableFile(`${nameOf(file)} holds a key that cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return text;
}

function assertPair(options: SecureContextOptions, cert: NamedFile, key: NamedFile): void {
  try {
    createSecureContext(options);
  } catch (error) {
    throw new UnusableFile(`${nameOf(cert)} and ${nameOf(key)} do not go together: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function read(file: NamedFile): string {
  try {
    return readFileSync(file.path, 'latin1');
  } catch (error) {
    throw new UnusableFile(`${nameOf(file)} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function nameOf({ setting, path }: NamedFile): string {
  return `${setting}: ${path}`;
}

function hintAt(text: string): string {
  if (text.trim() === '') return ': it is empty';
  const [, other] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text) ?? [];
  if (other !== undefined) return `, but: ${other}`;
  // DER begins with a SEQUENCE.
  if (text.startsWith('0\x82')) return ': it is in DER form; openssl x509 -inform der -in FILE makes PEM of it';
  return '';
}
