import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, request as secureRequest } from 'node:https';
import { type NamedFile, readTls } from '../files/tls.ts';
import { readSecret } from '../secrets/secret.ts';

/** Where a registry is, and how it lets us in. */
export interface RegistryAddress {
  /** One, or several of the same registry. Credentials in one are used for it where none are given apart. */
  readonly url: string | readonly string[];
  readonly username?: string | null | undefined;
  /** A secret may stand in a file, which is read again for each request. */
  readonly password?: string | null | undefined;
  readonly passwordFile?: string | null | undefined;
  /** Bearer token. */
  readonly token?: string | null | undefined;
  readonly tokenFile?: string | null | undefined;
  /** Paths of PEM files, which are read again for each request. */
  readonly tlsCa?: string | null | undefined;
  readonly tlsCert?: string | null | undefined;
  readonly tlsKey?: string | null | undefined;
  readonly tlsKeyPassphrase?: string | null | undefined;
  readonly tlsKeyPassphraseFile?: string | null | undefined;
  /** ms for one request at one address; default 5,000. */
  readonly timeout?: number;
}

/** One address of a registry. */
export interface Place {
  /** Without credentials, and without a slash at its end. */
  readonly base: string;
  readonly basic: string | null;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
  /** Where a redirection leads. */
  readonly location: string | null;
}

/** HTTP to the addresses of a registry. `fetch` would take neither an authority nor a client certificate. */
export class RegistryLink {
  readonly #address: RegistryAddress;
  readonly #places: readonly Place[];
  readonly #timeout: number;
  readonly #plain = new PlainAgent({ keepAlive: true });
  #secure: { readonly files: string; readonly agent: Agent } | null = null;
  #last: Place;

  /** @throws UnusableFile, SecretUnreadable */
  constructor(address: RegistryAddress) {
    this.#address = address;
    this.#places = [address.url].flat().map(placeOf);
    this.#last = this.#places[0]!;
    this.#timeout = address.timeout ?? 5_000;
    for (const place of this.#places) this.freshAgent(place);
  }

  /** The address that answered last, then the others in their order. */
  get inTurn(): readonly Place[] {
    return [this.#last, ...this.#places.filter((place) => place !== this.#last)];
  }

  answered(place: Place): void {
    this.#last = place;
  }

  /** @throws where there is no answer */
  async request(place: Place, method: string, path: string, body: string | null): Promise<Answered> {
    const headers = {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
      ...(body === null ? {} : { 'content-type': 'application/vnd.schemaregistry.v1+json' }),
      ...this.headersOf(place),
    };
    const signal = AbortSignal.timeout(this.#timeout);
    const send = () =>
      new Promise<Answered>((resolve, reject) => {
        const request = place.base.startsWith('https:') ? secureRequest : plainRequest;
        const sent = request(
          place.base + path,
          { method, headers, agent: this.freshAgent(place), signal },
          (response) => {
            const pieces: Buffer[] = [];
            response.on('data', (piece: Buffer) => pieces.push(piece));
            response.on('error', reject);
            response.on('end', () => {
              const { statusCode, headers } = response;
              resolve({
                status: statusCode!,
                text: Buffer.concat(pieces).toString(),
                location: headers.location ?? null,
              });
            });
          },
        );
        // A connection that was kept may have been closed at the other end meanwhile.
        sent.on('error', (error) => (sent.reusedSocket && !signal.aborted ? resolve(send()) : reject(error)));
        sent.end(body);
      });
    return await send();
  }

  /**
   * What lets us in. A token, or name and password, that are given apart go before those in the address.
   * @throws SecretUnreadable
   */
  headersOf({ basic }: Place): Record<string, string> {
    const { username, password, passwordFile, token, tokenFile } = this.#address;
    const bearer = secretOf('registry.token', token, tokenFile);
    if (bearer !== null) return { authorization: `Bearer ${bearer}` };
    const login = username ? `${username}:${secretOf('registry.password', password, passwordFile) ?? ''}` : basic;
    return login === null ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  }

  /** Reads the files again: other files, another agent. @throws UnusableFile, SecretUnreadable */
  freshAgent({ base }: Place): PlainAgent {
    if (!base.startsWith('https:')) return this.#plain;
    const { tlsCa, tlsCert, tlsKey, tlsKeyPassphrase, tlsKeyPassphraseFile } = this.#address;
    const setting = 'registry.tls_key_passphrase';
    const passphrase = secretOf(setting, tlsKeyPassphrase, tlsKeyPassphraseFile);
    const tls = readTls({
      ca: named('registry.tls_ca', tlsCa),
      cert: named('registry.tls_cert', tlsCert),
      key: named('registry.tls_key', tlsKey),
      passphrase: passphrase === null ? null : { setting, value: passphrase },
    });
    const files = JSON.stringify(tls);
    if (this.#secure?.files !== files) {
      this.#secure?.agent.destroy();
      this.#secure = { files, agent: new Agent({ keepAlive: true, ...tls }) };
    }
    return this.#secure.agent;
  }
}

function secretOf(setting: string, value: string | null | undefined, file: string | null | undefined): string | null {
  return readSecret({ setting, value: value || null, file: file || null });
}

function placeOf(address: string): Place {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const basic = username === '' ? null : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { base: url.href.replace(/\/+$/, ''), basic };
}

function named(setting: string, path: string | null | undefined): NamedFile | null {
  return path ? { setting, path } : null;
}
