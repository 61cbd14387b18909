import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/**
 * How long brokers may refuse a login that was right once in this process, in ms, before it is given up: a secret that
 * was changed at the brokers takes two minutes to come into a file that Kubernetes mounts, and a broker may answer
 * before it has read its users.
 */
const TRIED_AGAIN = 5 * 60_000;

const records = new Map<string, LoginRecord>();

/** The one record of a login. @param login identifies it, without its secret */
export function recordOf(login: string): LoginRecord {
  let record = records.get(login);
  if (record === undefined) {
    record = new LoginRecord(login);
    records.set(login, record);
  }
  return record;
}

/** How the brokers have answered one login. It is about the user, not the password: a new one may come too early. */
export class LoginRecord {
  readonly #key: string;
  readonly #now: () => number;
  /** The first and the last refusal since it was accepted, ms. */
  #first: number | null = null;
  #last = 0;

  constructor(login: string, now: () => number = () => performance.now()) {
    this.#key = `tidemark login ${login}`;
    this.#now = now;
  }

  accepted(): void {
    this.#first = null;
    // Threads that are started later have it from here: to each of them its own first login would be the first at all.
    if (getEnvironmentData(this.#key) !== true) setEnvironmentData(this.#key, true);
  }

  /** @returns for how many ms more it is worth trying; 0: this is final */
  refused(): number {
    if (getEnvironmentData(this.#key) !== true) return 0;
    const now = this.#now();
    if (this.#first === null || now - this.#last > TRIED_AGAIN) this.#first = now;
    this.#last = now;
    return Math.max(0, this.#first + TRIED_AGAIN - now);
  }
}
