/** The parts that the demo runs on: one form is real (`real.ts`), one is in memory (`memory.ts`). */
import type { Logger } from 'pino';
import type { Hooks } from '../cli/assemble.ts';
import type { Counts } from '../core/changes.ts';
import type { OutputTopic } from '../ports/output.ts';
import type { Settings } from '../settings/index.ts';
import type { Encode } from '../simulate/encode.ts';
import type { ReadVisitEnded } from '../wire/visit-ended.ts';

/** A message of one of the output topics, as a consumer reads it. */
export type Received =
  | { readonly topic: 'output'; readonly at: number; readonly visit: ReadVisitEnded }
  | { readonly topic: Exclude<OutputTopic, 'output'>; readonly at: number; readonly key: string; readonly why: string };

/** A row of the view `visits`; times in ms since the epoch. */
export interface ShownVisit {
  readonly visitId: string;
  readonly sessionId: string;
  readonly profileId: string | null;
  readonly debug: boolean;
  readonly status: 'open' | 'ended';
  readonly endReason: string | null;
  readonly revision: number | null;
  readonly startedAt: number;
  readonly lastEventAt: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly lateEventCount: number;
  readonly entryPage: string | null;
  readonly exitPage: string | null;
}

/** The sums over visits that `sessions` and `profiles` both have. */
export interface Sums {
  readonly visitCount: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly durationMs: number;
}

export interface SessionRow extends Sums {
  readonly sessionId: string;
  readonly profileId: string | null;
}

export interface ProfileRow extends Sums {
  readonly profileId: string;
  readonly sessionCount: number;
  readonly firstSeenAt: number | null;
  readonly lastSeenAt: number | null;
  readonly traits: Readonly<Record<string, unknown>>;
}

export interface RevisionRow {
  readonly visitId: string;
  readonly revision: number;
  readonly mergedInto: string | null;
}

/** What one look at the views shows. */
export interface Look {
  /** The visits that were asked for, and the newest. */
  readonly visits: readonly ShownVisit[];
  /** The sessions with the most visits. */
  readonly sessions: readonly SessionRow[];
  readonly profiles: readonly ProfileRow[];
  readonly open: number;
  readonly ended: number;
  /** What became of every record, over all partitions, as committed. */
  readonly counts: Counts;
  /** Messages in the outbox so far, over all topics and partitions, as committed. */
  readonly messages: number;
}

/** All that the checks compare, as of one moment. */
export interface Facts {
  readonly visits: readonly ShownVisit[];
  readonly sessions: readonly SessionRow[];
  readonly profiles: readonly ProfileRow[];
  readonly revisions: readonly RevisionRow[];
  readonly counts: Counts;
}

/** Names of the sources, for headings. */
export interface Labels {
  readonly visits: string;
  readonly sessions: string;
  readonly profiles: string;
  readonly output: string;
}

export interface Parts {
  readonly settings: Settings;
  readonly labels: Labels;
  /** Makes topics, schemas and tables. @returns what was made, a line each. */
  setUp(): Promise<readonly string[]>;
  /** Reads the output topics from their first message on, as any consumer would. Resolves once it listens. */
  follow(onMessage: (message: Received) => void): Promise<void>;
  /** Runs the processor until the signal aborts. */
  process(logger: Logger, signal: AbortSignal, hooks: Hooks): Promise<void>;
  /** Only once it is set up. */
  encoder(): Encode;
  send(messages: { key: string; value: Buffer }[]): Promise<void>;
  look(visitIds: readonly string[]): Promise<Look>;
  facts(): Promise<Facts>;
  /** Closes all connections. Does not throw. */
  close(): Promise<void>;
  /** Removes all that `setUp` and the processor made. @returns what could not be removed, and why */
  remove(): Promise<readonly string[]>;
  /** Lines that explain how to look at it while it is kept. */
  readonly howToLook: readonly string[];
}
