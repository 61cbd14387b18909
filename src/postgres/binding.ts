import type pg from 'pg';

/**
 * `channel_binding`: the login is valid for this TLS connection alone, so that no server in between can use it. With
 * `require` no password is sent in any other way.
 */
export class Binding {
  readonly #mode: string | null;
  #isBound = false;

  /** @param mode `require`, `prefer`, or what stands for neither */
  constructor(mode: string | null) {
    this.#mode = mode;
  }

  get isWanted(): boolean {
    return this.#mode === 'require' || this.#mode === 'prefer';
  }

  /** Notes what the server offers. To be called before it connects. */
  watch(client: pg.Client): void {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
      this.#isBound = mechanisms.includes('SCRAM-SHA-256-PLUS');
    });
  }

  /** @throws Error where it is required and the server does not offer it */
  assert(): void {
    if (this.#mode !== 'require' || this.#isBound) return;
    throw new Error(
      'the server offers no channel binding, and channel_binding is require: it takes TLS and a password that it ' +
        'keeps as scram-sha-256',
    );
  }
}
