import type { Connection, Submittable } from 'pg';
import { failpoint, failpointActive } from '../ports/failpoints.ts';
import type { CopyData } from './copy.ts';

/**
 * Statements and copies sent to Postgres in one go, and answered in one go: a single round trip however many there are.
 *
 * Invariant: there is one Sync, at the end. So Postgres holds all of a batch to be one transaction: after the first
 * error it skips the rest and rolls back, and what was answered without an error is committed. A batch that begins
 * with an explicit `begin` does not have this.
 */
export interface Statement {
  /** Prepared once a connection under this name, which stands for the same text everywhere. */
  readonly name: string;
  readonly text: string;
}

export interface Step {
  readonly statement: Statement;
  /** A Buffer is sent in binary format, a string as text. */
  readonly values?: readonly Value[];
  /** Data of a COPY … FROM STDIN. */
  readonly copy?: CopyData;
  /** Receives the data of a COPY … TO STDOUT, a message at a time. What it throws fails the batch. */
  readonly onCopyOut?: (data: Buffer) => void;
}

export type Value = string | number | boolean | Buffer | null;

/** Rows as texts, per step. */
export type Rows = (string | null)[][];

/** The error that the server answered, with the step that it answered it to. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly step: string;
  /** SQLSTATE, or Node's code where the connection failed. */
  readonly code: string | undefined;

  constructor(step: string, cause: Error & { code?: string }) {
    super(`${step}: ${cause.message}`, { cause });
    this.step = step;
    this.code = cause.code;
  }
}

/** What pg's types leave out of a connection. */
interface Wire {
  readonly stream: NodeJS.WritableStream & { cork(): void; uncork(): void };
  parse(config: { name: string; text: string; types: string[] }): void;
  bind(config: { statement: string; values: (string | Buffer | null)[] }): void;
  execute(config: Record<string, never>): void;
  sync(): void;
}

/** Given to `Client.query`, which calls its `handle…` methods; pg-copy-streams and pg-cursor are made the same way. */
export class Batch implements Submittable {
  readonly answer: Promise<Rows[]>;
  readonly #steps: readonly Step[];
  readonly #prepared: Set<string>;
  readonly #rows: Rows[];
  #done = 0;
  #failure: Error | null = null;
  #resolve!: (rows: Rows[]) => void;
  #reject!: (error: Error) => void;

  /** @param prepared names of the statements that this connection knows; the batch adds its own once answered */
  constructor(steps: readonly Step[], prepared: Set<string>) {
    this.#steps = steps;
    this.#prepared = prepared;
    this.#rows = steps.map(() => []);
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire;
    const parsed = new Set(this.#prepared);
    wire.stream.cork();
    for (const { statement, values, copy } of this.#steps) {
      if (!parsed.has(statement.name)) wire.parse({ ...statement, types: [] });
      parsed.add(statement.name);
      wire.bind({ statement: statement.name, values: (values ?? []).map(onWire) });
      wire.execute({});
      if (copy !== undefined) sendCopy(wire, copy.pieces);
    }
    wire.sync();
    wire.stream.uncork();
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#rows[this.#done]!.push(message.fields);
  }

  handleCopyData(message: { chunk: Buffer }): void {
    if (this.#failure !== null) return;
    try {
      this.#steps[this.#done]!.onCopyOut?.(message.chunk);
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  handleCommandComplete(): void {
    this.#done += 1;
  }

  handleReadyForQuery(): void {
    for (const { statement } of this.#steps) this.#prepared.add(statement.name);
    if (this.#failure !== null) this.#reject(this.#failure);
    else this.#resolve(this.#rows);
  }

  handleError(error: Error): void {
    const step = this.#steps[this.#done]?.statement.name ?? 'commit';
    this.#reject(new StepFailed(step, error));
  }

  /** The data is on its way already. */
  handleCopyInResponse(): void {}
  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

function onWire(value: Value): string | Buffer | null {
  return value === null || Buffer.isBuffer(value) ? value : String(value);
}

/** The failpoint lets a test end the process when half of the first piece has been sent. */
function sendCopy(wire: Wire, pieces: readonly Buffer[]): void {
  for (const [i, piece] of pieces.entries()) {
    const middle = i === 0 && failpointActive('store.copy') ? piece.length >> 1 : 0;
    if (middle > 0) {
      sendCopyData(wire, piece.subarray(0, middle));
      wire.stream.uncork();
      failpoint('store.copy');
      wire.stream.cork();
    }
    sendCopyData(wire, piece.subarray(middle));
  }
  wire.stream.write(COPY_DONE);
}

function sendCopyData(wire: Wire, data: Buffer): void {
  const header = Buffer.allocUnsafe(5);
  header[0] = COPY_DATA;
  header.writeInt32BE(data.length + 4, 1);
  wire.stream.write(header);
  wire.stream.write(data);
}

const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);
