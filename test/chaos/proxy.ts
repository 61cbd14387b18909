import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Door, sealed } from './door.ts';
import { type Limit, Link } from './link.ts';
import type { WatchFactory, Work } from './watch.ts';

interface Events {
  begun: [work: Work, link: Link];
  /** A transaction of so many topics. */
  committed: [topics: number];
}

/** A port of 127.0.0.1 behind which is another: what passes is watched, and can be held back, cut and refused. */
export class TcpProxy extends EventEmitter<Events> {
  readonly links = new Set<Link>();
  readonly #server: Server;
  readonly #watch: WatchFactory;
  readonly #door: Door;
  #target = 0;
  #refusing = false;
  #limit: Limit | null = null;
  #held = { up: false, down: false };

  private constructor(watch: WatchFactory, door: Door) {
    super();
    this.setMaxListeners(50);
    this.#watch = watch;
    this.#door = door;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async listen(watch: WatchFactory, door: Door = sealed): Promise<TcpProxy> {
    const proxy = new TcpProxy(watch, door);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Whether what passes can be read. */
  get isOpened(): boolean {
    return this.#door !== sealed;
  }

  /** Where connections go from now on. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** Whether work of that kind is under way on any connection. */
  isUnderWay(): boolean {
    return [...this.links].some(({ watch }) => watch.underWay.size > 0);
  }

  cut(): void {
    for (const link of [...this.links]) link.cut();
  }

  /** Whether new connections are closed at once. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** How far new connections get; null: as far as they like. */
  limit(limit: Limit | null): void {
    this.#limit = limit;
  }

  hold(up: boolean, down: boolean): void {
    this.#held = { up, down };
    for (const link of this.links) link.hold(up, down);
  }

  /**
   * Nothing passes any more on the connections that stand; new ones are as before. So it is where what is behind an
   * address has moved, or a host on the way has forgotten what it knew.
   * @returns ends them, as far as they are there
   */
  freeze(): () => void {
    const frozen = [...this.links];
    for (const link of frozen) link.freeze();
    return () => {
      for (const link of frozen) link.cut();
    };
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    client.setNoDelay(true);
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true });
    const watch = this.#watch(
      (work) => this.emit('begun', work, link),
      (topics) => this.emit('committed', topics),
    );
    const link: Link = new Link(client, server, watch, this.#door, this.#limit);
    this.links.add(link);
    const { up, down } = this.#held;
    if (up || down) link.hold(up, down);
    client.once('close', () => this.links.delete(link));
  }
}
