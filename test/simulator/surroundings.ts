/**
 * What the parts of a world know of what is around them. The world imports its parts, and they import this: it imports
 * none of them, so that each can be read without the rest.
 */
import type { Logger } from 'pino';
import type { OutputTopic } from '../../src/ports/output.ts';
import type { SchemaReader, SchemaSource } from '../../src/processor/schemas.ts';
import type { Clock } from '../../src/time/clock.ts';
import type { SentRecord } from './cluster/batch.ts';
import type { Dice } from './dice.ts';
import type { FaultKind, ReadFault } from './plan.ts';
import type { VirtualTime } from './time.ts';
import type { Weakness } from './weakness.ts';

/** What processes reach by requests. */
export type Reached = 'store' | 'broker';

/** The writer schemas that records name, and those that the registry has. */
export type Schemas = Pick<SchemaReader, 'schemaIdOf'> & SchemaSource;

export interface Surroundings {
  readonly seed: number;
  readonly weakness: Weakness | null;
  readonly time: VirtualTime;
  /** Whether faults come. */
  readonly active: boolean;
  /** Longest that a request, or an answer, is under way, ms. */
  readonly delay: number;
  /** Resolves after so many ms of virtual time; at once if there are none. */
  pass(ms: number): Promise<void>;
  note(what: string): void;
  /** A promise is broken: the run ends here. */
  broken(what: string): void;
}

export interface StoreSurroundings extends Surroundings {
  /** Whether whoever takes over does not see that the owner is still connected. */
  readonly hidesOwners: boolean;
  count(kind: FaultKind): void;
}

export interface ClusterSurroundings extends Surroundings {
  /** Partitions of each output topic. */
  readonly outputs: Readonly<Record<OutputTopic, number>>;
  /** A read-committed consumer sees a record. */
  shown(topic: OutputTopic, partition: number, record: SentRecord): void;
  /** Kafka keeps this position from now on. */
  positioned(partition: number, position: number): void;
}

export interface TopicSurroundings extends Surroundings {
  /** Longest that it takes until a member learns of a new assignment, ms; 0: it is told at once. */
  readonly learns: number;
}

export interface InputSurroundings extends Surroundings {
  /** Records that a reader hands over at once, at most. */
  readonly batch: number;
  /** Until when a part is away, ms since the epoch. */
  awayUntil(part: Reached): number;
  readFault(chance: number, name: string): ReadFault | null;
  /** Whether a reader finds its log to be in question. */
  questions(chance: number): boolean;
}

/** A processor's process, as the parts have it that it reaches. */
export interface Process {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isAlive: boolean;
  readonly isRunning: boolean;
  /** Something happens in the process: now, once it is resumed, or never. */
  enter(happens: () => void): void;
  /** Resolves when the process can go on. */
  running(): Promise<void>;
  /**
   * A request and its answer, with all that may go wrong with it.
   *
   * @param work what it does where it arrives. Its argument is whether it takes its time: the caller has given up by
   *   then.
   * @param lingers whether it arrives in time, and is slow there, where it is overtaken; otherwise it arrives late.
   */
  call<T>(part: Reached, op: string, work: (late: boolean) => T | Promise<T>, lingers?: boolean): Promise<T>;
  /** Chance of its own, by name. */
  dice(name: string): Dice;
}
