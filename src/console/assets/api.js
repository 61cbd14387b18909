// All requests of the page, which go to the server that it came from and nowhere else.

const KEY = 'tidemark.token';
/** The token is stored for this tab alone, until it is closed. */
let token = sessionStorage.getItem(KEY);

/** The token is missing or wrong. */
export class TokenNeeded extends Error {}

/** The processor answered with the reason why it does not give this. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** No answer: the processor is away, or the network to it is. */
export class Unreachable extends Error {}

export function hasToken() {
  return token !== null;
}

export function setToken(value) {
  token = value;
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}

/** JSON of `/console/<name>`. */
export async function get(name, parameters = {}, signal = null) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  const query = new URLSearchParams(given).toString();
  const signals = [AbortSignal.timeout(15_000), ...(signal === null ? [] : [signal])];
  let answer;
  try {
    answer = await fetch(`/console/${name}${query === '' ? '' : `?${query}`}`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.any(signals),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable('the processor does not answer', { cause: error });
  }
  if (answer.status === 401) throw new TokenNeeded();
  const body = await answer.json().catch(() => ({ error: `the answer (${answer.status}) is not readable` }));
  if (!answer.ok) throw new Refused(answer.status, body.error);
  return body;
}
