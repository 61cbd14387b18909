import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type KafkaAddress, kafkaClient } from '../../src/kafka/client.ts';
import { remedy } from '../../src/kafka/fatal.ts';
import { fetchMskToken } from '../../src/kafka/msk-iam.ts';
import { fetchToken, type TokenEndpoint } from '../../src/kafka/token-endpoint.ts';
import { type Token, Tokens } from '../../src/kafka/tokens.ts';
import { quiet } from './support/broker.ts';
import { FakeBroker } from './support/fake-broker.ts';

/** What a token endpoint was asked, and what it answers. */
let asked: { authorization: string | undefined; body: URLSearchParams }[];
let answer: { status: number; body: unknown };
let server: Server;
let endpoint: TokenEndpoint;

beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: { access_token: 'token', expires_in: 3600 } };
  server = createServer(async (request, response) => {
    let body = '';
    for await (const some of request) body += String(some);
    asked.push({ authorization: request.headers.authorization, body: new URLSearchParams(body) });
    response.writeHead(answer.status).end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    clientId: 'fold',
    clientSecret: { setting: 'kafka.sasl.client_secret', value: 'a+b', file: null },
    scope: 'kafka',
    parameters: ['audience=brokers=all'],
    ca: null,
  };
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function failed(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

describe('a token endpoint', () => {
  test('is asked as a client, with scope and what else it wants', async () => {
    const before = Date.now();
    const { value, expires } = await fetchToken(endpoint);
    expect(value).toBe('token');
    expect(expires).toBeGreaterThanOrEqual(before + 3_600_000);
    const [{ authorization, body }] = asked as [(typeof asked)[0]];
    expect(Buffer.from(authorization!.slice('Basic '.length), 'base64').toString()).toBe('fold:a%2Bb');
    expect(Object.fromEntries(body)).toEqual({
      grant_type: 'client_credentials',
      scope: 'kafka',
      audience: 'brokers=all',
    });
  });

  test('that does not say how long a token lives leaves it to the token', async () => {
    const claims = Buffer.from(JSON.stringify({ exp: 1_800_000_000 })).toString('base64url');
    answer.body = { access_token: `e30.${claims}.x` };
    expect((await fetchToken(endpoint)).expires).toBe(1_800_000_000_000);
    answer.body = { access_token: 'opaque' };
    expect((await fetchToken(endpoint)).expires).toBeNull();
  });

  test.each([
    [401, { error: 'invalid_client', error_description: 'no such client' }, /kafka\.sasl\.client_id/],
    [400, { error: 'invalid_scope' }, /kafka\.sasl\.scope/],
    [404, 'nothing here', /^correct kafka\.sasl\.token_url$/],
  ])('that answers %d has refused the client', async (status, body, help) => {
    answer = { status, body };
    const error = await failed(fetchToken(endpoint));
    expect(remedy(error)).toMatch(help);
    const said = typeof body === 'string' ? [] : Object.values(body);
    for (const part of [endpoint.url, String(status), ...said]) expect(error.message).toContain(part);
  });

  test.each([
    [503, 'busy'],
    [429, {}],
    [200, { no: 'token' }],
    [200, '<html>'],
    [302, ''],
  ])('that answers %d %p has not answered', async (status, body) => {
    answer = { status, body };
    expect(remedy(await failed(fetchToken(endpoint)))).toBeNull();
  });

  test('that is away has not answered', async () => {
    const error = await failed(fetchToken({ ...endpoint, url: 'http://127.0.0.1:1/token' }));
    expect(error.message).toMatch(/^the token endpoint http:\/\/127\.0\.0\.1:1\/token did not answer: .*ECONNREFUSED/);
    expect(remedy(error)).toBeNull();
  });
});

describe('tokens', () => {
  const HOUR = 3_600_000;
  let now = 0;
  let given = 0;
  let fetch: () => Promise<Token>;
  const tokens = () =>
    new Tokens(
      () => fetch(),
      () => now,
    );
  beforeEach(() => {
    now = 0;
    given = 0;
    fetch = async () => ({ value: `token ${++given}`, expires: now + HOUR });
  });

  test('are used for four fifths of their life, and got once for all who ask', async () => {
    const kept = tokens();
    expect(await Promise.all([kept.get(), kept.get()])).toEqual(['token 1', 'token 1']);
    now = 0.79 * HOUR;
    expect(await kept.get()).toBe('token 1');
    now = 0.81 * HOUR;
    expect(await kept.get()).toBe('token 2');
  });

  test('are used on while no new one can be had, up to half a minute before they expire', async () => {
    const kept = tokens();
    await kept.get();
    fetch = () => Promise.reject(new Error('away'));
    now = HOUR - 31_000;
    expect(await kept.get()).toBe('token 1');
    now = HOUR - 29_000;
    await expect(kept.get()).rejects.toThrow('away');
  });

  test('that live shorter than a login takes care of are got for each', async () => {
    fetch = async () => ({ value: `token ${++given}`, expires: now + 20_000 });
    const kept = tokens();
    expect([await kept.get(), await kept.get()]).toEqual(['token 1', 'token 2']);
  });

  test('that a broker refused are not used again', async () => {
    const kept = tokens();
    kept.drop(await kept.get());
    expect(await kept.get()).toBe('token 2');
  });
});

describe('a login by token', () => {
  let broker: FakeBroker;
  let brokers: string[];
  beforeEach(async () => {
    broker = new FakeBroker();
    broker.mechanism = 'OAUTHBEARER';
    brokers = [await broker.listen()];
  });
  afterEach(() => broker.close());

  async function login(sasl: KafkaAddress['sasl']): Promise<void> {
    const admin = kafkaClient({ brokers, sasl: { mechanism: 'oauthbearer', ...sasl } }, quiet).admin();
    try {
      await admin.connect();
    } finally {
      await admin.disconnect();
    }
  }
  const client = () => ({ tokenUrl: endpoint.url, clientId: 'fold', clientSecret: 'secret' });

  test('sends it with its extensions, and asks the endpoint once', async () => {
    const sasl = { ...client(), extensions: ['logicalCluster=lkc-1', 'identityPoolId=pool-2'] };
    await login(sasl);
    await login(sasl);
    const sent = 'n,,\u0001auth=Bearer token\u0001logicalCluster=lkc-1\u0001identityPoolId=pool-2\u0001\u0001';
    expect(broker.logins.map(String)).toEqual([sent, sent]);
    expect(asked).toHaveLength(1);
  });

  test('by a token of the settings is by what stands there', async () => {
    await login({ token: ' given\n' });
    expect(broker.logins.map(String)).toEqual(['n,,\u0001auth=Bearer given\u0001\u0001']);
  });

  test('that the broker refuses is told with its reason, after it was acknowledged, and the next has a new token', async () => {
    broker.answers = ['refuse the token', 'accept'];
    const error = await failed(login(client()));
    expect(error.message).toMatch(/refused the login of client fold of http.* by oauthbearer: .*invalid_token/);
    expect(remedy(error)).toMatch(/kafka\.sasl\.scope/);
    expect(broker.logins.map(String).at(-1)).toBe('\u0001');
    answer.body = { access_token: 'another', expires_in: 3600 };
    await login(client());
    expect(String(broker.logins.at(-1))).toContain('Bearer another');
  });

  test('for which the endpoint gives no token asks no broker', async () => {
    answer = { status: 401, body: { error: 'invalid_client' } };
    const error = await failed(login(client()));
    expect(error.message).toMatch(
      /^no login at .* for client fold of http.*: the token endpoint .* answered 401, invalid_client$/,
    );
    expect(remedy(error)).toMatch(/^correct kafka\.sasl\.client_id/);
    expect(broker.logins).toEqual([]);
  });

  test('while the endpoint is away is tried again', async () => {
    answer = { status: 503, body: '' };
    const error = await failed(login(client()));
    expect(remedy(error)).toBeNull();
    expect(error.message).toMatch(/the token endpoint .* answered 503/);
    expect(asked.length).toBeGreaterThan(1);
  });
});

describe("Amazon MSK's tokens", () => {
  test("are those of AWS's signer for the region", async () => {
    const regions: string[] = [];
    const generateAuthToken = async ({ region }: { region: string }) => {
      regions.push(region);
      return { token: 'signed', expiryTime: 900_000 };
    };
    expect(await fetchMskToken('eu-west-1', async () => ({ generateAuthToken }))).toEqual({
      value: 'signed',
      expires: 900_000,
    });
    expect(regions).toEqual(['eu-west-1']);
  });

  test('need a package that is not there unless it was installed', async () => {
    const error = await failed(fetchMskToken('eu-west-1'));
    expect(error.message).toMatch(/aws-msk-iam needs the package aws-msk-iam-sasl-signer-js/);
    expect(remedy(error)).toBe('install it beside tidemark: npm install aws-msk-iam-sasl-signer-js');
  });
});
