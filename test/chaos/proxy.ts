import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Watch, WatchFactory, Work } from './watch.ts';

/** One connection through the proxy. */
export class Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly watch: Watch;
  #heldUp = false;
  #heldDown = false;

  constructor(client: Socket, server: Socket, watch: Watch) {
    this.client = client;
    this.server = server;
    this.watch = watch;
    this.#pass(
      client,
      server,
      (chunk) => watch.up(chunk),
      () => this.#heldUp,
    );
    this.#pass(
      server,
      client,
      (chunk) => watch.down(chunk),
      () => this.#heldDown,
    );
  }

  /** Holds back what the client sends, what the server answers, or both; what is held is passed on later. */
  hold(up: boolean, down: boolean): void {
    this.#heldUp = up;
    this.#heldDown = down;
    this.client[up ? 'pause' : 'resume']();
    this.server[down ? 'pause' : 'resume']();
  }

  cut(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  #pass(from: Socket, to: Socket, look: (chunk: Buffer) => void, held: () => boolean): void {
    from.on('data', (chunk: Buffer) => {
      look(chunk);
      if (to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (!held()) from.resume();
      });
    });
    from.on('end', () => to.end());
    // A reset on one side is a reset on the other.
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => to.destroy());
  }
}

interface Events {
  begun: [work: Work, link: Link];
}

/** A port of 127.0.0.1 behind which is another: what passes is watched, and can be held back, cut and refused. */
export class TcpProxy extends EventEmitter<Events> {
  readonly links = new Set<Link>();
  readonly #server: Server;
  readonly #watch: WatchFactory;
  #target = 0;
  #refusing = false;
  #held = { up: false, down: false };

  private constructor(watch: WatchFactory) {
    super();
    this.setMaxListeners(50);
    this.#watch = watch;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async listen(watch: WatchFactory): Promise<TcpProxy> {
    const proxy = new TcpProxy(watch);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
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

  hold(up: boolean, down: boolean): void {
    this.#held = { up, down };
    for (const link of this.links) link.hold(up, down);
  }

  heal(): void {
    this.refuse(false);
    this.hold(false, false);
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
    const link: Link = new Link(
      client,
      server,
      this.#watch((work) => this.emit('begun', work, link)),
    );
    this.links.add(link);
    const { up, down } = this.#held;
    if (up || down) link.hold(up, down);
    client.once('close', () => this.links.delete(link));
  }
}
