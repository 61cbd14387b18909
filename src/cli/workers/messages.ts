import { CannotGoOn } from '../../ports/errors.ts';
import type { Observer, PartitionReport } from '../../ports/observer.ts';
import type { Settings } from '../../settings/index.ts';
import type { Prepared } from '../assemble.ts';
import { Failure } from '../failure.ts';
import type { ExitCode } from '../io.ts';
import type { Load } from './load.ts';

/** The task that a thread is started with. */
export interface Task {
  readonly settings: Settings;
  readonly prepared: Prepared;
  /** The number of the thread, from 1; null where it is the only one, and the log need not name it. */
  readonly worker: number | null;
  /** Whether a person watches the log. */
  readonly terminal: boolean;
}

/** An order to a thread: to join the group, for which it waits once it is ready; or to end in order. */
export type ThreadOrder = 'join' | 'stop';

/** The state of a thread, sent a few times a second. */
export interface ThreadState {
  /** Why it cannot do its work at this moment; null: it can. */
  readonly hindrance: string | null;
  /** Why a new start would help; null: it would not. */
  readonly trouble: string | null;
  /** Whether it is in the consumer group. */
  readonly isMember: boolean;
  readonly reports: readonly PartitionReport[];
}

/** A call of the observer. */
export interface Observed {
  readonly method: keyof Observer;
  readonly args: readonly unknown[];
}

/** A message from a thread. */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly standing: ThreadState }
  | { readonly load: Load }
  | { readonly observed: Observed }
  | { readonly log: string }
  | { readonly error: ErrorForm };

/** An error as it crosses from thread to thread: a plain copy would lose its name and its code. */
export interface ErrorForm {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  /** The error's `help`. */
  readonly help: unknown;
  /** The exit code of a Failure; null: it is none. */
  readonly exitCode: ExitCode | null;
  readonly causes: readonly ErrorForm[];
}

export function errorForm(error: unknown, depth = 0): ErrorForm {
  if (!(error instanceof Error)) {
    return {
      name: 'Error',
      message: String(error),
      stack: undefined,
      code: null,
      help: null,
      exitCode: null,
      causes: [],
    };
  }
  const { name, message, stack, cause, code, help, errors } = error as Error & Record<string, unknown>;
  const exitCode = error instanceof Failure ? error.exitCode : null;
  const below = [cause, ...(Array.isArray(errors) ? errors : [])].filter((one) => one !== undefined && one !== null);
  // Errors that cause each other in a circle would never end.
  const causes = depth < 8 ? below.map((one) => errorForm(one, depth + 1)) : [];
  const texts = { code: typeof code === 'string' ? code : null, help: typeof help === 'string' ? help : null };
  return { name, message, stack, ...texts, exitCode, causes };
}

/** Restores the error, with its class where code asks for that; several causes become an AggregateError. */
export function errorOf({ name, message, stack, code, help, exitCode, causes }: ErrorForm): Error {
  const below = causes.map(errorOf);
  const options = below.length === 0 ? {} : { cause: below.length > 1 ? new AggregateError(below) : below[0] };
  const kept = Object.entries({ stack, code, help }).filter(([, value]) => value !== null && value !== undefined);
  const error =
    name === 'CannotGoOn'
      ? new CannotGoOn(message, options)
      : exitCode !== null
        ? new Failure(exitCode, message, options)
        : name === 'AggregateError'
          ? new AggregateError(below, message)
          : Object.assign(new Error(message, options), { name });
  return Object.assign(error, Object.fromEntries(kept));
}
