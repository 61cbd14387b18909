/** A credential that holds for a while. */
export interface Token {
  readonly value: string;
  /** ms since the epoch; null: not known. */
  readonly expires: number | null;
}

/** A token lives for at least this long where it is used, ms: KafkaJS logs in anew 10 s before a login runs out. */
const LEFT = 30_000;
/** Share of its life after which a token is replaced. */
const USED = 0.8;

/** One token at a time, replaced before it expires. */
export class Tokens {
  readonly #fetch: () => Promise<Token>;
  readonly #now: () => number;
  #token: Token | null = null;
  #until = 0;
  #coming: Promise<Token> | null = null;

  constructor(fetch: () => Promise<Token>, now: () => number = Date.now) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** @throws the error of getting one, where the last one has expired */
  async get(): Promise<string> {
    if (this.#token !== null && this.#now() < this.#until) return this.#token.value;
    this.#coming ??= this.#fetch().finally(() => {
      this.#coming = null;
    });
    try {
      this.#keep(await this.#coming);
    } catch (error) {
      if (this.#token?.expires == null || this.#now() + LEFT > this.#token.expires) throw error;
    }
    return this.#token!.value;
  }

  /** A broker has refused it: the next is a new one. */
  drop(value: string): void {
    if (this.#token?.value === value) this.#token = null;
  }

  #keep(token: Token): void {
    if (this.#token === token) return;
    this.#token = token;
    const now = this.#now();
    // A token without a known end is used for the logins of this moment alone.
    this.#until = token.expires === null ? now : Math.min(now + USED * (token.expires - now), token.expires - LEFT);
  }
}
