import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { readTls } from '../files/tls.ts';
import { readSecret, type Secret } from '../secrets/secret.ts';
import { LoginRefused } from './login-refused.ts';
import type { Token } from './tokens.ts';

/** Longest wait for an answer, ms, and most that is read of it, bytes. */
const PATIENCE = 10_000;
const LONGEST = 1 << 20;

export interface TokenEndpoint {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope: string | null;
  /** More to send with the request: `audience=kafka`. */
  readonly parameters: readonly string[];
  /** PEM file; null: the authorities Node.js knows. */
  readonly ca: string | null;
}

/**
 * A token for a client, by its id and secret (RFC 6749, 4.4).
 * @throws LoginRefused where the endpoint does not give one to this client; what the network or a file is wrong with
 *   otherwise
 */
export async function fetchToken({
  url,
  clientId,
  clientSecret,
  scope,
  parameters,
  ca,
}: TokenEndpoint): Promise<Token> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === null ? {} : { scope }) });
  for (const parameter of parameters) {
    const at = parameter.indexOf('=');
    body.append(parameter.slice(0, at), parameter.slice(at + 1));
  }
  const secret = readSecret(clientSecret) ?? '';
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
    authorization: `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret)}`).toString('base64')}`,
  };
  const asked = Date.now();
  const tls = readTls({ ca: ca === null ? null : { setting: 'kafka.sasl.token_ca', path: ca } });
  const { status, text } = await post(url, headers, String(body), tls).catch((error: Error) => {
    throw new Error(`the token endpoint ${url} did not answer: ${error.message}`, { cause: error });
  });
  return tokenIn(text, status, url, asked);
}

function tokenIn(text: string, status: number, url: string, asked: number): Token {
  const answer = parsed(text);
  const { access_token: value, expires_in: seconds } = answer;
  if (status === 200 && typeof value === 'string' && value !== '') {
    const expires = Number(seconds) > 0 ? asked + Number(seconds) * 1_000 : expiryOf(value);
    return { value, expires };
  }
  const reason = [answer.error, answer.error_description].filter((part) => typeof part === 'string').join(': ');
  const what = `the token endpoint ${url} answered ${status}${reason === '' ? '' : `, ${reason}`}`;
  if (status === 200) throw new Error(`${what}, without an access_token`);
  if (status === 404) throw new LoginRefused(what, 'correct kafka.sasl.token_url');
  if (status < 400 || status >= 500 || status === 408 || status === 429) throw new Error(what);
  throw new LoginRefused(
    what,
    'correct kafka.sasl.client_id, kafka.sasl.client_secret and kafka.sasl.scope, or have the client registered',
  );
}

function post(url: string, headers: Record<string, string>, body: string, tls: object) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const make = url.startsWith('https:') ? request : plainRequest;
    const signal = AbortSignal.timeout(PATIENCE);
    // A connection of its own: a token is asked for every few minutes.
    const asking = make(url, { method: 'POST', headers, agent: false, signal, ...tls }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if (text.length > LONGEST) response.destroy(new Error(`more than ${LONGEST} bytes`));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asking.on('error', (error) => reject(signal.aborted ? new Error(`not within ${PATIENCE} ms`) : error));
    asking.end(body);
  });
}

/** As a field of a form: RFC 6749, 2.3.1. */
function formEncoded(text: string): string {
  return new URLSearchParams({ a: text }).toString().slice(2);
}

/** When a JSON Web Token ends by its own claim, ms since the epoch; null: it has none, or is no such token. */
export function expiryOf(token: string): number | null {
  const [, payload, rest] = token.split('.');
  if (payload === undefined || rest === undefined) return null;
  const { exp } = parsed(Buffer.from(payload, 'base64url').toString());
  return typeof exp === 'number' ? exp * 1_000 : null;
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // An answer that is no JSON holds no reason; the caller reports that it gave no token.
    return {};
  }
}
