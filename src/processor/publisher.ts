import type { Logger } from 'pino';
import { Dues } from './due.ts';
import { BEGIN_ANEW, CannotGoOn, messageOf } from './errors.ts';
import type { Observer } from './observer.ts';
import { Outage } from './outage.ts';
import type { Clock, Lease, OutboxRow, OutMessages, Output, OutputSession, PublishedMessage } from './ports.ts';
import { backoff, Waker, within } from './waiting.ts';
import type { Failing } from './waits.ts';

/** What one Kafka transaction sends at most; the output splits it into requests. */
const TRANSACTION_BYTES = 4_000_000;
/** Committed rows kept in memory so that they need not be read back from the store; one is, however large. */
const QUEUE_BYTES = 16_000_000;
/** Offsets of a group without members expire after a week at the brokers' default. */
const KEEP_INTERVAL = 24 * 3_600_000;

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
  private readonly queue: OutboxRow[] = [];
  private queuedBytes = 0;
  /** Rows were committed that are not in the queue: they have to be read from the store. */
  private behind: boolean;
  /** Sequence behind the last message that the store holds. */
  private committed: number;
  /** The same as the partition was taken over: a predecessor can have published no more, unless the database was set back. */
  private readonly takenOver: number;
  /** The position was found once. */
  private isLocated = false;
  /** Sequence of the next message to send, as far as it is known. */
  private at: number;
  private outstanding: number;
  private outstandingSince: number | null;
  /** Published before by a processor whose database has since been set back: not sent again, but compared. */
  private before = new Map<number, PublishedMessage>();
  /** Rows whose messages are being sent. */
  private taken: OutboxRow[] = [];
  private stopping = false;
  private done: Promise<void> | null = null;
  private readonly dues = new Dues();
  private readonly outage: Outage;
  error: Error | null = null;
  /** Why the last try failed, and since when they have, ms since the epoch; null once one went through. */
  trouble: Failing | null = null;

  constructor(options: PublisherOptions<Raw>) {
    const { lease } = options;
    this.options = options;
    this.waker = new Waker(options.clock);
    this.outage = new Outage(options.clock, options.logger);
    this.committed = lease.state.sequence;
    this.takenOver = lease.state.sequence;
    this.at = lease.published;
    this.behind = lease.published < lease.state.sequence;
    this.outstanding = lease.outboxBytes;
    this.outstandingSince = lease.outboxBytes > 0 ? options.clock.now() : null;
  }

  /** Every message before this sequence is out and in the store: its row may be deleted. */
  get position(): number {
    return Math.min(this.at, this.committed);
  }

  get backlogMessages(): number {
    return Math.max(0, this.committed - this.at);
  }

  get backlogBytes(): number {
    return this.outstanding;
  }

  get backlogSince(): number | null {
    return this.outstandingSince;
  }

  get isDrained(): boolean {
    return this.at >= this.committed;
  }

  start(): void {
    this.done = this.run().catch((error: Error) => {
      this.error = error;
      this.options.onProgress();
    });
  }

  /** The store holds this row now. @param dues see `dueOf`. */
  offer(row: OutboxRow, dues: readonly number[]): void {
    this.committed = row.next;
    try {
      this.compare(row);
    } catch (error) {
      this.error ??= error as Error;
      // What follows was made from the same log or settings: none of it may go out.
      this.stopping = true;
    }
    this.dues.add(row.next, dues);
    this.outstanding += row.payload.length;
    this.outstandingSince ??= this.options.clock.now();
    const fits = this.queue.length === 0 || this.queuedBytes + row.payload.length <= QUEUE_BYTES;
    if (!this.behind && fits) {
      this.queue.push(row);
      this.queuedBytes += row.payload.length;
    } else {
      this.behind = true;
    }
    this.waker.wake();
  }

  /** Stops after what is being sent; resolves within about two seconds. Never throws. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.waker.wake();
    if (this.done !== null) await within(this.options.clock, 2_000, this.done);
  }

  private async run(): Promise<void> {
    const { output, lease, clock, observer } = this.options;
    for (let attempt = 1; !this.stopping; attempt++) {
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
        if (this.stopping) return;
        observer.failed('broker');
        this.trouble = { since: this.trouble?.since ?? clock.now(), error: messageOf(error) };
        this.outage.failed(
          { err: this.trouble.error, position: this.at },
          'publishing failed: a new producer takes over from the position kept in Kafka',
        );
        await this.waker.sleep(backoff(Math.max(attempt, 1)));
        // Whether the partition is still ours: if not this throws, and the partition's life decides what follows.
        if (!this.stopping) await lease.acknowledge(this.position);
      } finally {
        if (session !== null) await within(clock, 2_000, session.close());
      }
    }
  }

  private works(): void {
    this.trouble = null;
    this.outage.over('publishing again', { position: this.at });
  }

  /** Finds the position; the predecessor is fenced by now. */
  private async locate(session: OutputSession): Promise<void> {
    const { logger } = this.options;
    const inKafka = await session.position();
    let at = Math.max(this.at, inKafka ?? 0);
    if (inKafka === null) {
      // Kafka has forgotten how far it was, or was never told. What is in the topics tells: it may be more than the
      // database knows of, and whatever would be sent again would be there twice.
      const last = (await session.readBack(this.at)).at(-1);
      if (last !== undefined) {
        at = Math.max(at, last.sequence + 1);
        logger.warn({ position: at }, 'the position in Kafka was gone: read back from the output topics');
      }
    }
    // Once only: after an error of the producer what is not compared yet still is.
    if (!this.isLocated && at > this.takenOver) {
      this.before = new Map((await session.readBack(this.at)).map((message) => [message.sequence, message]));
      logger.warn(
        { published: at, database: this.takenOver },
        'more was published than the database knows of, as after a restored backup: what is folded again is compared, not sent',
      );
      await this.compareStored(at);
    }
    this.isLocated = true;
    this.at = at;
    this.drop();
    if (inKafka === null && at > 0) await session.keep(at);
  }

  /** @param works called once nothing is left to send, and each time that something went through: not before. */
  private async send(session: OutputSession, works: () => void): Promise<void> {
    const { clock } = this.options;
    let written = clock.elapsed();
    while (!this.stopping) {
      const messages = await this.next();
      if (messages.length === 0) {
        works();
        if (clock.elapsed() - written >= KEEP_INTERVAL) {
          await session.keep(this.at);
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
      this.drop();
      this.tell(clock.elapsed() - started, this.at - first);
    }
  }

  private tell(ms: number, messages: number): void {
    const { clock, observer, lease, logger } = this.options;
    const now = clock.now();
    const delays = this.dues.take(this.at).map((due) => Math.max(0, now - due));
    observer.published({ partition: lease.partition, ms, messages, delays });
    logger.debug({ position: this.at, messages, ms: Math.round(ms) }, 'published');
  }

  /** The next messages to send, in order and without a hole; none if all is out. */
  private async next(): Promise<OutMessages[]> {
    for (;;) {
      const rows = await this.rows();
      if (rows.length === 0) return [];
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
      this.taken = rows;
      if (found.length > 0) return found;
      this.drop();
    }
  }

  private async rows(): Promise<OutboxRow[]> {
    if (this.queue.length > 0) {
      const rows: OutboxRow[] = [];
      let bytes = 0;
      for (const row of this.queue) {
        if (rows.length > 0 && bytes + row.payload.length > TRANSACTION_BYTES) break;
        rows.push(row);
        bytes += row.payload.length;
      }
      return rows;
    }
    if (!this.behind) return [];
    const rows = await this.options.lease.outbox(this.at, TRANSACTION_BYTES);
    if (rows.length === 0) throw this.hole(this.at, null);
    return rows;
  }

  /** Lets go of the rows that are out, and says so: whoever waits for room would otherwise not hear of it. */
  private drop(): void {
    while (this.queue.length > 0 && this.queue[0]!.next <= this.at) {
      this.queuedBytes -= this.queue.shift()!.payload.length;
    }
    for (const row of this.taken) if (row.next <= this.at) this.outstanding -= row.payload.length;
    this.taken = [];
    if (this.isDrained) {
      // Also where all was out before it was committed, as after a database was set back: nothing is left to read.
      this.behind = false;
      this.outstanding = 0;
      this.outstandingSince = null;
    }
    this.options.onProgress();
  }

  /** What was folded again and committed while the position was looked for. @param to sequence behind the last that is out. */
  private async compareStored(to: number): Promise<void> {
    const { committed } = this;
    for (let from = this.at; from < Math.min(to, committed); ) {
      const rows = await this.options.lease.outbox(from, TRANSACTION_BYTES);
      if (rows.length === 0) throw this.hole(from, null);
      for (const row of rows) this.compare(row);
      from = rows.at(-1)!.next;
    }
  }

  /** Compares a row's messages with what was published as them before the database was set back. */
  private compare({ payload }: OutboxRow): void {
    if (this.before.size === 0) return;
    const messages = this.options.decodeOutbox(payload);
    const { first, next } = messages;
    for (let sequence = first; sequence < next; sequence += 1) {
      const published = this.before.get(sequence);
      if (published === undefined) continue;
      this.before.delete(sequence);
      const { topic, value } = messages.message(sequence - first);
      const same =
        published.topic === topic &&
        (topic !== 'output' ||
          (value !== null &&
            published.value !== null &&
            this.options.eventIdOf(value) === this.options.eventIdOf(published.value)));
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

/** What is sent in one transaction, one after the other. */
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

/** Of a record around its tail, about. */
const FRAME = 10;
