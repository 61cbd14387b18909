import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

/** Files, PEM. */
export interface Certificate {
  readonly cert: string;
  /** PKCS#8, encrypted where a passphrase was given. */
  readonly key: string;
}

export interface Wanted {
  /** Common name; of a client's certificate also its principal at the brokers. */
  readonly name: string;
  /** Encrypts the key. */
  readonly passphrase?: string;
  /** Name of the files; the common name unless given. */
  readonly file?: string;
}

/** Names that a server's certificate is for: all parts are on this machine, and clients connect by one of these. */
const NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1';
const DAYS = '365';

/** Why no certificate can be made here; null if they can. */
export async function whyNoCertificates(env: NodeJS.ProcessEnv): Promise<string | null> {
  try {
    await run('openssl', ['version'], { env });
    return null;
  } catch {
    return 'no openssl on PATH, which makes the certificates of the cluster: install it';
  }
}

/** A certificate authority of a stack's own: only clients that are given its file trust what it signed. */
export class Authority {
  /** Its certificate. */
  readonly file: string;
  readonly #directory: string;
  readonly #key: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.#directory = directory;
    this.#env = env;
    this.file = join(directory, 'ca.pem');
    this.#key = join(directory, 'ca.key');
  }

  /** @param directory that exists, and which every user of the certificates may read. */
  static async make(directory: string, env: NodeJS.ProcessEnv): Promise<Authority> {
    const authority = new Authority(directory, env);
    await writeKey(authority.#key);
    const config = await authority.#config('ca', 'tidemark local stack', [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
      'subjectKeyIdentifier=hash',
    ]);
    const self = ['-x509', '-new', '-sha256', '-days', DAYS, '-key', authority.#key, '-out', authority.file];
    await authority.#openssl('req', ...self, '-config', config, '-extensions', 'extensions');
    return authority;
  }

  /** A certificate for a server on this machine, which is good for a client too. A file of the same name is replaced. */
  async issue({ name, passphrase, file = name }: Wanted): Promise<Certificate> {
    const [cert, key, request] = ['pem', 'key', 'csr'].map((ending) => join(this.#directory, `${file}.${ending}`));
    // It is signed with the plain key: other users of this machine could see a passphrase in openssl's arguments.
    const plain = await writeKey(key!);
    const config = await this.#config(file, name, [
      'basicConstraints=CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth,clientAuth',
      `subjectAltName=${NAMES}`,
    ]);
    await this.#openssl('req', '-new', '-sha256', '-key', key!, '-config', config, '-out', request!);
    const authority = ['-CA', this.file, '-CAkey', this.#key, '-set_serial', `0x${randomBytes(8).toString('hex')}`];
    const extensions = ['-extfile', config, '-extensions', 'extensions'];
    const signed = ['-req', '-sha256', '-days', DAYS, '-in', request!, '-out', cert!];
    await this.#openssl('x509', ...signed, ...authority, ...extensions);
    if (passphrase !== undefined) {
      const encryption = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
      await writeFile(key!, createPrivateKey(plain).export(encryption));
    }
    return { cert: cert!, key: key! };
  }

  async #config(file: string, name: string, extensions: readonly string[]): Promise<string> {
    const path = join(this.#directory, `${file}.cnf`);
    const request = ['[req]', 'prompt=no', 'distinguished_name=subject', '[subject]', `CN=${name}`];
    await writeFile(path, [...request, '[extensions]', ...extensions, ''].join('\n'));
    return path;
  }

  async #openssl(...args: string[]): Promise<void> {
    await run('openssl', args, { env: this.#env });
  }
}

/** Writes what Java calls a PEM store: a key and its certificates in one file. */
export async function writeStore(path: string, { cert, key }: Certificate): Promise<string> {
  const parts = await Promise.all([key, cert].map((file) => readFile(file, 'utf8')));
  await writeFile(path, parts.join(''), { mode: 0o600 });
  return path;
}

/** A key on an elliptic curve: to make it, and to use it in a handshake, takes a fraction of RSA's time. */
async function writeKey(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  await writeFile(path, text, { mode: 0o600 });
  return text;
}
