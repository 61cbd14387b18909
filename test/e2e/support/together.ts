/** Work for several tests that mostly waits, done at once, so many of them at a time. */
export class Together {
  readonly #most: number;
  readonly #work = new Map<string, () => Promise<void>>();
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();

  constructor(most: number) {
    this.#most = most;
  }

  add(name: string, work: () => Promise<void>): void {
    this.#work.set(name, work);
    const end = Promise.withResolvers<void>();
    // Callers that ask how it ended see the error; none has to.
    end.promise.catch(() => {});
    this.#ends.set(name, end);
  }

  /** Begins, and does not wait. */
  start(): void {
    const left = [...this.#work];
    for (let i = 0; i < this.#most; i++) void this.#goOn(left);
  }

  /** As the work of that name ended. */
  end(name: string): Promise<void> {
    return this.#ends.get(name)!.promise;
  }

  /** Resolves once all has ended, however it did. */
  async over(): Promise<void> {
    await Promise.allSettled([...this.#ends.values()].map(({ promise }) => promise));
  }

  async #goOn(left: [string, () => Promise<void>][]): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [name, work] = next;
      const { resolve, reject } = this.#ends.get(name)!;
      await work().then(resolve, reject);
    }
  }
}
