import { EventEmitter } from 'node:events';
import type pg from 'pg';
import { type OpenOptions, open } from './open.ts';
import type { DatabaseAddress } from './target.ts';

type Done = (error?: Error) => void;
/** What pg's pool reads of a client beside its typed members. */
type Inner = pg.Client & { readonly _queryable: boolean; readonly _ending: boolean };

/**
 * A client class for pg's pool, which makes a connection of `open` when it connects. The pool's own would know one host
 * and one way to speak to it.
 */
export function pooledClient(address: DatabaseAddress, options: OpenOptions): new () => pg.Client {
  class Pooled extends EventEmitter {
    #client: Inner | null = null;

    connect(done: Done): void {
      open(address, options).then(
        (client) => {
          this.#client = client as Inner;
          client.on('error', (error) => this.emit('error', error));
          client.on('end', () => this.emit('end'));
          done();
        },
        (error: Error) => done(error),
      );
    }

    query(...given: unknown[]): unknown {
      return (this.#client!.query as (...given: unknown[]) => unknown)(...given);
    }

    end(done?: Done): Promise<void> | void {
      if (this.#client === null) return done?.();
      return done === undefined ? this.#client.end() : this.#client.end(done);
    }

    get _queryable(): boolean {
      return this.#client?._queryable ?? false;
    }

    get _ending(): boolean {
      return this.#client?._ending ?? false;
    }
  }
  return Pooled as unknown as new () => pg.Client;
}
