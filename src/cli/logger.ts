import { type Logger, pino } from 'pino';
import type { Settings } from '../settings/index.ts';
import type { Io } from './io.ts';
import { visible } from './table.ts';

export interface LogOutput {
  write(line: string): void;
}

/**
 * The logger of a command. At `debug` and `trace` errors have their stacks; otherwise an error is its message.
 *
 * @param terminal whether a person watches, which decides what `auto` is.
 */
export function makeLogger(log: Settings['log'], output: LogOutput, terminal: boolean): Logger {
  const stacks = log.level === 'debug' || log.level === 'trace';
  const pretty = log.format === 'pretty' || (log.format === 'auto' && terminal);
  return pino(
    {
      level: log.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => errorForm(error, stacks) },
    },
    pretty ? { write: (line: string) => output.write(prettyLine(line)) } : output,
  );
}

/**
 * A logger for commands that report an error once, when they end: what a client logs on the way is written at `debug` and
 * `trace` only.
 */
export function quietly(log: Settings['log'], io: Pick<Io, 'err' | 'terminal'>): Logger {
  const level = log.level === 'debug' || log.level === 'trace' ? log.level : 'silent';
  return makeLogger({ ...log, level }, { write: io.err }, io.terminal);
}

function errorForm(error: unknown, stacks: boolean): unknown {
  if (!(error instanceof Error)) return error;
  if (!stacks) return `${error.name}: ${error.message}`;
  // The other fields of an error stay out: Postgres puts values of a row into `detail`, which may be users' data.
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, message, stack };
}

const MARKS: Record<string, string> = { trace: '.', debug: '.', info: ' ', warn: '!', error: 'E', fatal: 'E' };

/** `12:00:00.000 ! message key=value`. */
function prettyLine(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  // Answers of brokers may be in it: their control characters must move no cursor. A line break is ours.
  const text = `${msg ?? ''}${fields.join('')}`.split('\n').map(visible).join('\n');
  return `${String(time).slice(11, 23)} ${MARKS[String(level)] ?? ' '} ${text}\n`;
}
