import { isLoginRefused, remedy } from '../kafka/fatal.ts';
import { messageOf } from '../ports/errors.ts';
import { SettingsError } from '../settings/index.ts';
import { fatalLine } from './fatal-line.ts';
import type { ExitCode } from './io.ts';

/** A command that ends with a message: what happened, and what to do next. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Error codes of Node, and of a Postgres that refuses the connection, that mean that the other side is away. */
const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
  '08000',
  '08001',
  '08006',
  '28000',
  '28P01',
  '3D000',
  '53300',
  '57P01',
  '57P02',
  '57P03',
]);

const AWAY_NAMES = new Set([
  'DatabaseUnreachable',
  'RegistryUnreachable',
  'RegistryUnsure',
  'NoAnswer',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
]);

/** Whether an error, or one of its causes, means that the other side cannot be reached. */
export function isAway(error: unknown): boolean {
  for (const one of chain(error)) {
    if (one instanceof Failure && one.exitCode === 3) return true;
    const { code, name, message } = one as { code?: unknown; name?: string; message?: string };
    if (typeof code === 'string' && AWAY.has(code)) return true;
    if (name !== undefined && AWAY_NAMES.has(name)) return true;
    if (/^(Connection terminated|timeout expired|fetch failed)/.test(message ?? '')) return true;
  }
  return false;
}

function* chain(error: unknown): Generator<object> {
  const seen = new Set<unknown>();
  const left = [error];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one !== 'object' || one === null || seen.has(one)) continue;
    seen.add(one);
    yield one;
    const { cause, originalError, errors } = one as { cause?: unknown; originalError?: unknown; errors?: unknown[] };
    left.push(cause, originalError, ...(errors ?? []));
  }
}

/**
 * Does something with a part that may be away.
 * @throws Failure with exit code 3 if it is, naming it and the setting that has its address.
 */
export async function reach<T>(what: string, setting: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isAway(error)) throw error;
    const message = `${what} cannot be reached: ${messageOf(error)}. Is it running, and is ${setting} right?`;
    throw new Failure(3, message, { cause: error });
  }
}

/** The form of the error that a command ends with. */
export interface FinalErrorForm {
  /** With stacks. */
  readonly debug: boolean;
  /** As a line of the log, for programs: `log.format` is `json`. */
  readonly json: boolean;
}

/** What to print for what a command threw, and the exit code. */
export function explain(
  error: unknown,
  { debug, json }: FinalErrorForm,
): { readonly text: string; readonly exitCode: ExitCode } {
  const wrong = error instanceof SettingsError || (error as Error | null)?.name === 'UnusableFile';
  const away = isAway(error) || isLoginRefused(error);
  const exitCode = error instanceof Failure ? error.exitCode : wrong ? 2 : away ? 3 : 1;
  const stack = debug && error instanceof Error ? error.stack : undefined;
  if (json) return { text: fatalLine(withRemedy(error), exitCode, stack), exitCode };
  // The messages of these errors already name what to do.
  const selfExplanatory = new Set([
    ...['Failure', 'SettingsError', 'WrongSchemaVersion', 'CannotGoOn', 'DatabaseUnreachable'],
    ...['RegistryUnreachable', 'RegistryRefused', 'Unsettled', 'UnusableFile', 'MissingRights', 'MissingRoleRights'],
  ]);
  const expected = (error instanceof Error && selfExplanatory.has(error.name)) || isLoginRefused(error);
  const hint = expected || debug ? '' : 'TIDEMARK_LOG_LEVEL=debug shows where this comes from.\n';
  return { text: `tidemark: ${withRemedy(error)}\n${hint}${stack === undefined ? '' : `${stack}\n`}`, exitCode };
}

/** The message, and what to do: an error of a refused login has the two apart. */
function withRemedy(error: unknown): string {
  const message = messageOf(error);
  const help = isLoginRefused(error) ? remedy(error) : null;
  return help === null || message.includes(help) ? message : `${message}: ${help}`;
}
