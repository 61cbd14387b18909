import net from 'node:net';
import { batchBytes, int } from './log-bytes.ts';

export const TOPIC = 'tracks';

const FETCH = 1;
const LIST_OFFSETS = 2;
const METADATA = 3;
const OFFSET_COMMIT = 8;
const COORDINATOR = 10;
const JOIN = 11;
const HEARTBEAT = 12;
const LEAVE = 13;
const SYNC = 14;
const API_VERSIONS = 18;

/** Versions that are spoken, one of each. */
const VERSIONS = [
  [FETCH, 11],
  [LIST_OFFSETS, 1],
  [METADATA, 1],
  [OFFSET_COMMIT, 2],
  [COORDINATOR, 0],
  [JOIN, 1],
  [HEARTBEAT, 0],
  [LEAVE, 0],
  [SYNC, 0],
  [API_VERSIONS, 0],
] as const;

const OUT_OF_RANGE = 1;
const NOT_LEADER = 6;
const NO_COORDINATOR = 15;
const NOT_COORDINATOR = 16;

/** What a node believes: the cluster, unless it was cut off. */
export interface View {
  /** Nodes that are there. */
  listed: number[];
  /** By partition, its leader; -1: none. */
  leaders: number[];
  /** By partition: where its log ends. */
  ends: number[];
  /** By partition: how many records at the end of the log not all replicas have yet. */
  unseen: number[];
  /** null: none. */
  coordinator: number | null;
  /** In step with the leaders. */
  isr: number[];
  /** Named by the leaders to who fetches; -1: none. */
  nearest: number;
}

/** Brokers of one topic and one group with one member, over TCP, as far as reading needs them. */
export class FakeCluster implements View {
  listed: number[];
  leaders: number[];
  ends: number[];
  unseen: number[];
  coordinator: number | null = null;
  isr: number[];
  nearest = -1;
  /** Of the leader that appended what is at an offset. */
  epochAt: (partition: number, offset: number) => number = () => 0;
  /** By partition, the offset whose batch no codec unpacks. */
  readonly damaged = new Map<number, number>();
  /** Code of the next answers to heartbeats. */
  heartbeat = 0;
  readonly nodes: ReadonlyMap<number, FakeNode>;
  /** Each request that came, whether or not it was answered: `2 fetch 0@5`. */
  readonly asked: string[] = [];
  generation = 0;

  private constructor(nodes: ReadonlyMap<number, FakeNode>, leaders: readonly number[]) {
    this.nodes = nodes;
    this.listed = [...nodes.keys()];
    this.isr = [...nodes.keys()];
    this.leaders = [...leaders];
    this.ends = leaders.map(() => 0);
    this.unseen = leaders.map(() => 0);
  }

  /** @param leaders of each partition */
  static async start(ids: readonly number[], leaders: readonly number[]): Promise<FakeCluster> {
    const nodes = new Map<number, FakeNode>();
    const cluster = new FakeCluster(nodes, leaders);
    cluster.listed = [...ids];
    cluster.isr = [...ids];
    for (const id of ids) nodes.set(id, new FakeNode(id, cluster));
    await Promise.all([...nodes.values()].map((node) => node.listen()));
    return cluster;
  }

  get brokers(): string[] {
    return [...this.nodes.values()].map(({ port }) => `127.0.0.1:${port}`);
  }

  node(id: number): FakeNode {
    return this.nodes.get(id)!;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.kill()));
  }
}

export class FakeNode {
  readonly id: number;
  port = 0;
  /** That were ever made. */
  connections = 0;
  /** Where it is cut off, what it believes. */
  view: View;
  readonly #cluster: FakeCluster;
  readonly #sockets = new Set<net.Socket>();
  #server: net.Server;
  #frozen = false;
  #waiting: (() => void)[] = [];

  constructor(id: number, cluster: FakeCluster) {
    this.id = id;
    this.#cluster = cluster;
    this.view = cluster;
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  /** Connections that are not closed. */
  get open(): number {
    return this.#sockets.size;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as net.AddressInfo).port;
  }

  async kill(): Promise<void> {
    this.#waiting = [];
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes connections and requests, and answers nothing. */
  freeze(): void {
    this.#frozen = true;
  }

  /** Answers what has come meanwhile. */
  goOn(): void {
    this.#frozen = false;
    for (const answer of this.#waiting.splice(0)) answer();
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    this.connections += 1;
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let bytes: Buffer = Buffer.alloc(0);
    // One request after the other, as a broker does.
    let before = Promise.resolve();
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const request = new Reading(bytes.subarray(4, 4 + bytes.readInt32BE(0)));
        bytes = bytes.subarray(4 + bytes.readInt32BE(0));
        before = before.then(() => this.#answer(socket, request));
      }
    });
  }

  async #answer(socket: net.Socket, request: Reading): Promise<void> {
    const key = request.int(2);
    request.int(2);
    const correlationId = request.int(4);
    request.text();
    const answer = this.#body(key, request);
    if (this.#frozen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const body = await answer();
    if (!socket.destroyed) socket.write(Buffer.concat([int(4, 4 + body.length), int(4, correlationId), body]));
  }

  /** Notes a request; what is returned makes the answer, at the time of answering. */
  #body(key: number, request: Reading): () => Promise<Buffer> {
    const note = (what: string) => void this.#cluster.asked.push(`${this.id} ${what}`);
    switch (key) {
      case API_VERSIONS:
        note('versions');
        return async () =>
          Buffer.concat([int(2, 0), list(VERSIONS, ([api, version]) => ints(2, api, version, version))]);
      case METADATA:
        note('metadata');
        return async () => this.#metadata();
      case COORDINATOR:
        note('coordinator');
        return async () => this.#coordinator();
      case JOIN:
        note('join');
        return async () => this.#join(request);
      case SYNC:
        note('sync');
        return async () => this.#sync(request);
      case HEARTBEAT:
        note('heartbeat');
        return async () => int(2, this.#isCoordinator ? this.#cluster.heartbeat : NOT_COORDINATOR);
      case LIST_OFFSETS:
        note('offsets');
        return async () => this.#offsets(request);
      case FETCH:
        return this.#fetch(request, note);
      default:
        note(`request ${key}`);
        return async () => int(2, 0);
    }
  }

  get #isCoordinator(): boolean {
    return this.view.coordinator === this.id;
  }

  #metadata(): Buffer {
    const { listed, leaders, isr } = this.view;
    const broker = (id: number) =>
      Buffer.concat([int(4, id), text('127.0.0.1'), int(4, this.#cluster.node(id).port), int(2, -1)]);
    const all = [...this.#cluster.nodes.keys()];
    const partition = (leader: number, id: number) =>
      Buffer.concat([
        ints(2, leader < 0 ? 5 : 0),
        ints(4, id, leader),
        list(all, (node) => int(4, node)),
        list(isr, (node) => int(4, node)),
      ]);
    const topic = Buffer.concat([int(2, 0), text(TOPIC), int(1, 0), list(leaders, partition)]);
    return Buffer.concat([list(listed, broker), int(4, listed[0]!), int(4, 1), topic]);
  }

  #coordinator(): Buffer {
    const { coordinator } = this.view;
    if (coordinator === null) return Buffer.concat([int(2, NO_COORDINATOR), int(4, -1), text(''), int(4, -1)]);
    return Buffer.concat([
      int(2, 0),
      int(4, coordinator),
      text('127.0.0.1'),
      int(4, this.#cluster.node(coordinator).port),
    ]);
  }

  #join(request: Reading): Buffer {
    request.text();
    request.int(4);
    request.int(4);
    request.text();
    request.text();
    request.int(4);
    const protocol = request.text();
    const metadata = request.bytes();
    const code = this.#isCoordinator ? 0 : NOT_COORDINATOR;
    if (code === 0) this.#cluster.generation += 1;
    const member = Buffer.concat([text('m1'), int(4, metadata.length), metadata]);
    return Buffer.concat([
      ...[int(2, code), int(4, this.#cluster.generation), text(protocol), text('m1'), text('m1')],
      ...[int(4, 1), member],
    ]);
  }

  #sync(request: Reading): Buffer {
    request.text();
    request.int(4);
    request.text();
    request.int(4);
    request.text();
    const assignment = request.bytes();
    return Buffer.concat([int(2, this.#isCoordinator ? 0 : NOT_COORDINATOR), int(4, assignment.length), assignment]);
  }

  #offsets(request: Reading): Buffer {
    const onlooker = request.int(4) === -2;
    request.int(4);
    const topic = request.text();
    const partitions = request.list(() => ({ id: request.int(4), at: request.long() }));
    const { leaders, ends, unseen } = this.view;
    const endOf = (id: number) => ends[id]! - (onlooker ? 0 : (unseen[id] ?? 0));
    return Buffer.concat([
      ...[int(4, 1), text(topic)],
      list(partitions, ({ id, at }) => {
        const code = leaders[id] === this.id ? 0 : NOT_LEADER;
        return Buffer.concat([
          int(4, id),
          int(2, code),
          int(8, -1),
          int(8, code !== 0 ? -1 : at === -2 ? 0 : endOf(id)),
        ]);
      }),
    ]);
  }

  #fetch(request: Reading, note: (what: string) => void): () => Promise<Buffer> {
    for (const bytes of [4, 4, 4, 4, 1, 4, 4, 4] as const) request.int(bytes);
    const topic = request.text();
    const partitions = request.list(() => {
      const id = request.int(4);
      request.int(4);
      const from = request.long();
      request.long();
      request.int(4);
      return { id, from };
    });
    note(`fetch ${partitions.map(({ id, from }) => `${id}@${from}`).join(' ')}`);
    return async () => {
      // As long as nothing comes, but not for long.
      const hasMore = () => partitions.some(({ id, from }) => this.view.ends[id]! > from);
      for (let i = 0; i < 5 && !hasMore(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
      const answers = await Promise.all(partitions.map((one) => this.#fetched(one)));
      const head = [int(4, 0), int(2, 0), int(4, 0), int(4, 1), text(topic)];
      return Buffer.concat([...head, list(answers, (one) => one)]);
    };
  }

  async #fetched({ id, from }: { readonly id: number; readonly from: number }): Promise<Buffer> {
    const { leaders, ends, nearest } = this.view;
    const leads = leaders[id] === this.id;
    const code = !leads && nearest !== this.id ? NOT_LEADER : from > ends[id]! ? OUT_OF_RANGE : 0;
    const records = [];
    for (let offset = from; code === 0 && offset < ends[id]!; offset++) {
      const leaderEpoch = this.#cluster.epochAt(id, offset);
      const of = { first: offset, leaderEpoch, records: [{ delta: 0, value: Buffer.from(`${id}:${offset}`) }] };
      const isDamaged = this.#cluster.damaged.get(id) === offset;
      const bytes = await batchBytes(isDamaged ? { ...of, codec: 4 } : of);
      if (isDamaged) bytes.fill(0xff, bytes.length - 8);
      records.push(bytes);
    }
    const named = leads && code === 0 ? nearest : -1;
    const set = named >= 0 ? Buffer.alloc(0) : Buffer.concat(records);
    return Buffer.concat([
      ...[int(4, id), int(2, code), int(8, ends[id]!), int(8, ends[id]!), int(8, 0), int(4, -1), int(4, named)],
      ...[int(4, set.length), set],
    ]);
  }
}

class Reading {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int(bytes: 1 | 2 | 4): number {
    this.#at += bytes;
    return this.#bytes.readIntBE(this.#at - bytes, bytes);
  }

  long(): number {
    this.#at += 8;
    return Number(this.#bytes.readBigInt64BE(this.#at - 8));
  }

  text(): string {
    const length = Math.max(0, this.int(2));
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  bytes(): Buffer {
    const length = this.int(4);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.int(4) }, item);
  }
}

function ints(bytes: 2 | 4, ...values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => int(bytes, value)));
}

function list<T>(items: readonly T[], item: (each: T, i: number) => Buffer): Buffer {
  return Buffer.concat([int(4, items.length), ...items.map(item)]);
}

function text(value: string): Buffer {
  return Buffer.concat([int(2, Buffer.byteLength(value)), Buffer.from(value)]);
}
