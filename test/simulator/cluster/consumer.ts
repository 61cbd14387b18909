/** What a read-committed consumer of a partition sees: up to the first transaction that is not decided. */
import type { SentRecord } from './batch.ts';
import type { Entry } from './replica.ts';

export class Consumer {
  readonly #seen: (record: SentRecord) => void;
  readonly #lost: (entry: Entry) => void;
  /** What is replicated, and whether it is decided: null while it is not. */
  readonly #fates: { readonly entry: Entry; committed: boolean | null }[] = [];
  readonly #open = new Map<number, { committed: boolean | null }[]>();
  #waiting: { readonly to: number; readonly resolve: () => void }[] = [];
  /** Entries that it is past. */
  #at = 0;

  /** @param lost called with an entry that was replicated and is gone: must never be. */
  constructor(seen: (record: SentRecord) => void, lost: (entry: Entry) => void) {
    this.#seen = seen;
    this.#lost = lost;
  }

  /** So many entries of the log are on all replicas that are in sync. */
  advance(entries: readonly Entry[], replicated: number): void {
    const before = this.#fates.at(-1);
    if (before !== undefined && entries[this.#fates.length - 1] !== before.entry) {
      this.#lost(before.entry);
      return;
    }
    for (const entry of entries.slice(this.#fates.length, replicated)) this.#learn(entry);
    for (; this.#fates[this.#at] !== undefined; this.#at += 1) {
      const { entry, committed } = this.#fates[this.#at]!;
      if (committed === null) break;
      if (entry.kind === 'batch' && committed) for (const record of entry.records) this.#seen(record);
    }
    this.#waiting = this.#waiting.filter(({ to, resolve }) => {
      if (to <= this.#at) resolve();
      return to > this.#at;
    });
  }

  /** Resolves once all that is replicated now has been decided. */
  async decided(): Promise<void> {
    const to = this.#fates.length;
    if (this.#at < to) await new Promise<void>((resolve) => this.#waiting.push({ to, resolve }));
  }

  #learn(entry: Entry): void {
    const { producerId, kind } = entry;
    const fate = { entry, committed: kind === 'marker' || !entry.transactional ? true : null };
    this.#fates.push(fate);
    const open = this.#open.get(producerId);
    if (kind === 'marker') {
      for (const one of open ?? []) one.committed = entry.commit;
      this.#open.delete(producerId);
    } else if (open === undefined) this.#open.set(producerId, [fate]);
    else open.push(fate);
  }
}
