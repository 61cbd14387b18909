import type { Logger } from 'pino';
import { BEGIN_ANEW, CannotGoOn, messageOf } from '../ports/errors.ts';
import type { Observer } from '../ports/observer.ts';
import type { OutMessages, Output, OutputSession } from '../ports/output.ts';
import type { Lease, OutboxRow } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { backoff, Waker, within } from '../time/waiting.ts';
import { Dues } from './due.ts';
import { PUBLISHER_TRANSITIONS, type PublishedBeforeRestore, type PublisherState } from './publisher-state.ts';
import { SendQueue, TRANSACTION_BYTES } from './send-queue.ts';
import { StateMachine } from './state-machine.ts';
import type { Failing } from './waits.ts';

/** Offsets of a group without members expire after a week at the brokers' default. */
const RENEW_INTERVAL = 24 * 3_600_000;

export interface PublisherOptions<Raw> {
  readonly lease: Lease<Raw>;
  readonly output: Output;
  readonly decodeOutbox: (payload: Buffer) => OutMessages;
  /** The event id of an output message's value, to compare what was published with what would be. */
  readonly eventIdOf: (value: Buffer) => string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: Observer;
  /** Called when messages went out, or the publisher failed. */
  readonly onProgress: () => void;
}

/**
 * Sends what the outbox of one partition holds, in order, each message once.
 *
 * Invariant: the position (sequence of the next message) is written in the same Kafka transaction as the messages before
 * it, and is read only after the predecessor's producer has been fenced. So whatever is at or past the position has not
 * been sent, and whatever is before it has. A position read any earlier could be overtaken by a transaction of the
 * predecessor that is still to commit, and its messages would go out twice.
 */
export class Publisher<Raw> {
  private readonly options: PublisherOptions<Raw>;
  private readonly waker: Waker;
  private readonly state = new StateMachine<PublisherState>(PUBLISHER_TRANSITIONS, { kind: 'unstarted' });
  private readonly queue: SendQueue;
  /** Sequence behind the last message that the store holds. */
  private committed: number;
  /** The same as the partition was taken over: a predecessor can have published no more, unless the database was set back. */
  private readonly takenOver: number;
  /** Sequence of the next message to send, as far as it is known. */
  private at: number;
  /** Bytes that the store holds and that are not out, and since when there have been any, ms since the epoch. */
  private backlog: { bytes: number; readonly since: number } | null;
  /** Rows whose messages are being sent. */
  private inFlight: readonly OutboxRow[] = [];
  private done: Promise<void> | null = null;
  private readonly dues = new Dues();
  private readonly outage: Outage;

  constructor(options: PublisherOptions<Raw>) {
    const { lease, clock, logger } = options;
    this.options = options;
    this.waker = new Waker(clock);
    this.outage = new Outage(clock, logger);
    this.committed = lease.state.sequence;
    this.takenOver = lease.state.sequence;
    this.at = lease.published;
    this.queue = new SendQueue(lease, lease.published < lease.state.sequence);
    this.backlog = lease.outboxBytes > 0 ? { bytes: lease.outboxBytes, since: clock.now() } : null;
  }

  /** Why nothing more is sent, as what needs a decision, or a lost partition; null: nothing stands against it. */
  get error(): Error | null {
    const { now } = this.state;
    return now.kind === 'failed' ? now.error : null;
  }

  /** Why the last try failed, and since when they have, ms since the epoch; null once one went through. */
  get trouble(): Failing | null {
    const { now } = this.state;
    return 'trouble' in now ? now.trouble : null;
  }

  /** Every message before this sequence is out and in the store: its row may be deleted. */
  get position(): number {
    return Math.min(this.at, this.committed);
  }

  get backlogMessages(): number {
    return Math.max(0, this.committed - this.at);
  }

  get backlogBytes(): number {
    return this.backlog?.bytes ?? 0;
  }

  get backlogSince(): number | null {
    return this.backlog?.since ?? null;
  }

  get isDrained(): boolean {
    return this.at >= this.committed;
  }

  start(): void {
    this.state.become({ kind: 'locating', trouble: null, publishedBeforeRestore: null });
    this.done = this.run().catch((error: Error) => {
      this.fail(error);
      this.options.onProgress();
    });
  }

  /** The store holds this row now. @param dues see `dueOf`. */
  offer(row: OutboxRow, dues: readonly number[]): void {
    this.committed = row.next;
    try {
      this.compare(row);
    } catch (error) {
      // What follows was made from the same log or settings: none of it may go out.
      this.fail(error as Error);
    }
    this.dues.add(row.next, dues);
    this.backlog ??= { bytes: 0, since: this.options.clock.now() };
    this.backlog.bytes += row.payload.length;
    this.queue.add(row);
    this.waker.wake();
  }

  /** Stops after what is being sent; resolves within about two seconds. Never throws. */
  async stop(): Promise<void> {
    if (!this.isOver()) this.state.become({ kind: 'stopped' });
    this.waker.wake();
    if (this.done !== null) await within(this.options.clock, 2_000, this.done);
  }

  /** Whether nothing more is to be sent. */
  private isOver(): boolean {
    const { kind } = this.state.now;
    return kind === 'failed' || kind === 'stopped';
  }

  private fail(error: Error): void {
    if (!this.isOver()) this.state.become({ kind: 'failed', error, trouble: this.trouble });
  }

  private async run(): Promise<void> {
    const { output, lease, clock } = this.options;
    for (let attempt = 1; !this.isOver(); attempt++) {
      let session: OutputSession | null = null;
      try {
        session = await output.open(lease.partition);
        await this.locate(session);
        await this.send(session, () => {
          attempt = 0;
          this.works();
        });
      } catch (error) {
        if (error instanceof CannotGoOn) throw error;
        await this.wait(error, Math.max(attempt, 1));
      } finally {
        if (session !== null) await within(clock, 2_000, session.close());
      }
    }
  }

  /** Waits until a new producer should try. @throws if the partition is not ours any more */
  private async wait(error: unknown, attempt: number): Promise<void> {
    const { now } = this.state;
    if (now.kind !== 'locating' && now.kind !== 'comparing' && now.kind !== 'sending') return;
    const { lease, clock, observer } = this.options;
    observer.failed('broker');
    const trouble = { since: now.trouble?.since ?? clock.now(), error: messageOf(error) };
    // The comparison did not end: the next one reads back and compares all.
    const publishedBeforeRestore = now.kind === 'comparing' ? null : now.publishedBeforeRestore;
    this.state.become({ kind: 'waiting', trouble, publishedBeforeRestore });
    this.outage.failed(
      { err: trouble.error, position: this.at },
      'publishing failed: a new producer takes over from the position kept in Kafka',
    );
    await this.waker.sleep(backoff(attempt));
    if (this.isOver()) return;
    // Throws if the partition is not ours any more; the partition's life then decides what follows.
    await lease.acknowledge(this.position);
    if (!this.isOver()) this.state.become({ kind: 'locating', trouble, publishedBeforeRestore });
  }

  private works(): void {
    const { now } = this.state;
    if (now.kind === 'sending') now.trouble = null;
    this.outage.over('publishing again', { position: this.at });
  }

  /** Finds the position; the predecessor is fenced by now. */
  private async locate(session: OutputSession): Promise<void> {
    const { logger } = this.options;
    const inKafka = await session.position();
    let at = Math.max(this.at, inKafka ?? 0);
    if (inKafka === null) {
      // Kafka has lost how far it was, or never had it. The topics show it: it may be more than the database knows of,
      // and whatever would be sent again would be there twice.
      const last = (await session.readBack(this.at)).at(-1);
      if (last !== undefined) {
        at = Math.max(at, last.sequence + 1);
        logger.warn({ position: at }, 'the position in Kafka was gone: read back from the output topics');
      }
    }
    const published = await this.compareRestored(session, at);
    if (this.isOver()) return;
    this.state.become({ kind: 'sending', trouble: this.trouble, publishedBeforeRestore: published });
    this.at = at;
    this.dropSent();
    if (inKafka === null && at > 0) await session.renew(at);
  }

  /**
   * Compares what the store holds with what was published before a restore, if there was one.
   * @param at the position
   * @returns what is still to be compared as it is offered.
   */
  private async compareRestored(session: OutputSession, at: number): Promise<PublishedBeforeRestore> {
    const { now } = this.state;
    // Read once only: after an error of the producer what is not compared yet still is.
    const known = now.kind === 'locating' ? now.publishedBeforeRestore : null;
    if (known !== null || at <= this.takenOver) return known ?? new Map();
    const published = new Map((await session.readBack(this.at)).map((message) => [message.sequence, message]));
    if (this.isOver()) return published;
    this.state.become({ kind: 'comparing', trouble: this.trouble, publishedBeforeRestore: published });
    this.options.logger.warn(
      { published: at, database: this.takenOver },
      'more was published than the database knows of, as after a restored backup: what is folded again is compared, not sent',
    );
    await this.compareStored(at);
    return published;
  }

  /** @param works called once nothing is left to send, and each time that something went through: not before. */
  private async send(session: OutputSession, works: () => void): Promise<void> {
    const { clock } = this.options;
    let written = clock.elapsed();
    while (!this.isOver()) {
      const messages = await this.next();
      if (messages.length === 0) {
        works();
        if (clock.elapsed() - written >= RENEW_INTERVAL) {
          await session.renew(this.at);
          written = clock.elapsed();
        }
        await this.waker.sleep(60_000);
        continue;
      }
      const started = clock.elapsed();
      const first = this.at;
      for (const part of parts(messages)) {
        const { next } = part.at(-1)!;
        await session.send(part, next);
        this.at = next;
        written = clock.elapsed();
        works();
      }
      this.dropSent();
      this.observe(clock.elapsed() - started, this.at - first);
    }
  }

  private observe(ms: number, messages: number): void {
    const { clock, observer, lease, logger } = this.options;
    const now = clock.now();
    const delays = this.dues.removeUpTo(this.at).map((due) => Math.max(0, now - due));
    observer.published({ partition: lease.partition, ms, messages, delays });
    logger.debug({ position: this.at, messages, ms: Math.round(ms) }, 'published');
  }

  /** The next messages to send, in order and without a hole; none if all is out. */
  private async next(): Promise<OutMessages[]> {
    for (;;) {
      const rows = await this.queue.first(this.at);
      if (rows === null) return [];
      if (rows.length === 0) throw this.hole(this.at, null);
      const found: OutMessages[] = [];
      let expected = this.at;
      for (const row of rows) {
        const messages = this.options.decodeOutbox(row.payload);
        const { first, next } = messages;
        // Only what is out already may lie before what is expected.
        if (first > expected || (first < expected && expected > this.at)) throw this.hole(expected, first);
        if (next <= expected) continue;
        found.push(messages.slice(expected - first, next - first));
        expected = next;
      }
      this.inFlight = rows;
      if (found.length > 0) return found;
      this.dropSent();
    }
  }

  /** Lets go of the rows that are out, and reports it: what waits for room would otherwise not learn of it. */
  private dropSent(): void {
    this.queue.dropUpTo(this.at, this.isDrained);
    if (this.backlog !== null) {
      for (const row of this.inFlight) if (row.next <= this.at) this.backlog.bytes -= row.payload.length;
    }
    this.inFlight = [];
    if (this.isDrained) this.backlog = null;
    this.options.onProgress();
  }

  /**
   * Compares what was folded again and committed while the position was looked for.
   * @param to sequence behind the last that is out.
   */
  private async compareStored(to: number): Promise<void> {
    const { committed } = this;
    for (let from = this.at; from < Math.min(to, committed) && !this.isOver(); ) {
      const rows = await this.options.lease.outbox(from, TRANSACTION_BYTES);
      if (rows.length === 0) throw this.hole(from, null);
      for (const row of rows) this.compare(row);
      from = rows.at(-1)!.next;
    }
  }

  /** Compares a row's messages with what was published as them before the database was set back. */
  private compare({ payload }: OutboxRow): void {
    const { now } = this.state;
    const published = 'publishedBeforeRestore' in now ? now.publishedBeforeRestore : null;
    if (published === null || published.size === 0) return;
    const messages = this.options.decodeOutbox(payload);
    const { first, next } = messages;
    for (let sequence = first; sequence < next; sequence += 1) {
      const before = published.get(sequence);
      if (before === undefined) continue;
      published.delete(sequence);
      const { topic, value } = messages.message(sequence - first);
      const same =
        before.topic === topic &&
        (topic !== 'output' ||
          (value !== null &&
            before.value !== null &&
            this.options.eventIdOf(value) === this.options.eventIdOf(before.value)));
      if (same) continue;
      throw new CannotGoOn(
        `partition ${this.options.lease.partition}: message ${sequence} was published as something else before the database was set back. ` +
          'The log or the settings are not the ones that it was folded from: restore those, or start a new output topic',
      );
    }
  }

  private hole(expected: number, found: number | null): Error {
    return new CannotGoOn(
      `partition ${this.options.lease.partition}: the outbox should go on with message ${expected}, but ${found === null ? 'has nothing' : `goes on with ${found}`}. ` +
        `Rows were deleted from the database, or it was restored without them: restore it whole, or ${BEGIN_ANEW}`,
    );
  }
}

/** Cuts messages into what is sent in one transaction each. */
function* parts(messages: readonly OutMessages[]): Iterable<OutMessages[]> {
  let part: OutMessages[] = [];
  let bytes = 0;
  for (const some of messages) {
    const { starts, ends } = some;
    let from = 0;
    for (let i = 0; i < starts.length; i += 1) {
      const size = ends[i]! - starts[i]! + FRAME;
      if (bytes > 0 && bytes + size > TRANSACTION_BYTES) {
        if (i > from) part.push(some.slice(from, i));
        yield part;
        part = [];
        bytes = 0;
        from = i;
      }
      bytes += size;
    }
    part.push(some.slice(from, starts.length));
  }
  if (part.length > 0) yield part;
}

/** Bytes of a record around its body, about. */
const FRAME = 10;
