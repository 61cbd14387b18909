import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Door } from './door.ts';
import type { Watch } from './watch.ts';

/** So many bytes of a connection pass, counted as they are read; then it is cut. */
export interface Limit {
  readonly of: 'client' | 'server';
  readonly bytes: number;
}

/** One connection through the proxy. */
export class Link {
  readonly watch: Watch;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #limit: Limit | null;
  #ends: readonly [client: Duplex, server: Duplex] | null = null;
  #held = { up: false, down: false };
  #isFrozen = false;

  constructor(client: Socket, server: Socket, watch: Watch, door: Door, limit: Limit | null) {
    this.#client = client;
    this.#server = server;
    this.watch = watch;
    this.#limit = limit;
    // A reset on one side is a reset on the other.
    for (const socket of [client, server]) {
      socket.on('error', () => this.cut());
      socket.on('close', () => this.#destroy());
    }
    door(client, server).then(
      (ends) => this.#open(ends),
      () => this.cut(),
    );
  }

  /** Port from which it reaches what is behind. */
  get port(): number {
    return this.#server.localPort ?? 0;
  }

  /** Holds back what the client sends, what the server answers, or both; what is held is passed on later. */
  hold(up: boolean, down: boolean): void {
    if (this.#isFrozen) return;
    this.#held = { up, down };
    if (this.#ends === null) return;
    const [client, server] = this.#ends;
    client[up ? 'pause' : 'resume']();
    server[down ? 'pause' : 'resume']();
  }

  /** Holds back both for good. */
  freeze(): void {
    this.hold(true, true);
    this.#isFrozen = true;
  }

  cut(): void {
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) socket.resetAndDestroy();
    this.#destroy();
  }

  #destroy(): void {
    for (const end of [this.#client, this.#server, ...(this.#ends ?? [])]) end.destroy();
  }

  #open(ends: readonly [client: Duplex, server: Duplex]): void {
    const [client, server] = ends;
    this.#ends = ends;
    for (const end of ends) end.on('error', () => this.cut());
    this.#pass('client', client, server);
    this.#pass('server', server, client);
    if (this.#held.up || this.#held.down) this.hold(this.#held.up, this.#held.down);
  }

  #pass(of: Limit['of'], from: Duplex, to: Duplex): void {
    const side = of === 'client' ? 'up' : 'down';
    const limit = this.#limit?.of === of ? this.#limit.bytes : Number.POSITIVE_INFINITY;
    let passed = 0;
    from.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (passed >= limit) return this.cut();
      this.watch[side](chunk);
      if (to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (!this.#held[side]) from.resume();
      });
    });
    from.on('end', () => to.end());
    from.on('close', () => this.#destroy());
  }
}
