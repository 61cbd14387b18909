import type { Logger } from 'pino';
import { Failure } from '../cli/failure.ts';
import { type Io, VERSION } from '../cli/io.ts';
import { makeLogger } from '../cli/logger.ts';
import { type Style, styleFor } from '../cli/style.ts';
import { openConsole } from '../console/index.ts';
import { type HttpParts, type HttpServer, startHttp } from '../http/server.ts';
import { type Stack, startStack } from '../local/stack.ts';
import { Metrics } from '../metrics/index.ts';
import { CannotGoOn, messageOf } from '../ports/errors.ts';
import type { Processor } from '../processor/processor.ts';
import type { Loaded } from '../settings/index.ts';
import { wallClock } from '../time/clock.ts';
import { orAborted } from '../time/waiting.ts';
import { checks } from './checks.ts';
import { Display } from './display.ts';
import { memoryParts } from './memory.ts';
import type { Parts, Received } from './parts.ts';
import { explanation, heading, profileTable, sessionTable } from './picture.ts';
import { play, type Traffic, writeUntilStopped } from './play.ts';
import { realParts } from './real.ts';
import { Screen } from './screen.ts';
import { demoSettings } from './settings.ts';
import { summary } from './summary.ts';

export interface DemoOptions extends Traffic {
  /** ms. */
  readonly gap: number;
  readonly keep: boolean;
  readonly verbose: boolean;
}

/** Records a second once the demo itself is over. */
const RATE_AFTERWARDS = 6;
/** How long the processor may take to get its partitions, ms. */
const READY_WITHIN = 60_000;

/**
 * The whole demo. What it started or made is removed when this settles, even with an error, unless it is to be kept.
 * @returns whether the checks hold; null: the signal aborted before that was known.
 */
export async function runDemo(options: DemoOptions, io: Io, signal: AbortSignal): Promise<boolean | null> {
  const style = styleFor(io.terminal, io.env);
  const screen = new Screen(io, io.terminal && !options.verbose && io.env.TERM !== 'dumb');
  screen.line(`${style.bold('tidemark demo')}: track events in, visits and profiles in Postgres, Visit Ended out`);
  // The line goes through the screen, or it would be painted over.
  const announceEnd = () => screen.line('ending it in order; Ctrl-C once more ends it at once');
  signal.addEventListener('abort', announceEnd, { once: true });
  const stack = await bringUp(screen, io, signal);
  if (stack === null) return null;
  try {
    if (stack.kind === 'memory') sayMemory(stack.reason, screen, style);
    else screen.line(`parts: ${stack.describe()}`);
    return await withStack(stack, options, { io, screen, style }, signal);
  } finally {
    screen.settle();
    if (stack.kind === 'java' || stack.kind === 'docker') screen.line('ending the parts and removing their data');
    await stack.stop();
    signal.removeEventListener('abort', announceEnd);
  }
}

interface Surface {
  readonly io: Io;
  readonly screen: Screen;
  readonly style: Style;
}

/** null: the signal aborted first. A stack that is still starting then is ended as soon as it is up. */
async function bringUp(screen: Screen, io: Io, signal: AbortSignal): Promise<Stack | null> {
  const starting = startStack({ env: io.env, onProgress: (line) => screen.line(`  ${line}`) });
  try {
    const stack = await orAborted(starting, signal);
    if (stack === null) starting.then((late) => late.stop()).catch(() => {});
    return stack;
  } catch (error) {
    const hint = 'TIDEMARK_STACK=memory shows the demo without real parts';
    throw new Failure(3, `the parts could not be brought up: ${messageOf(error)}. ${hint}`, { cause: error });
  }
}

function sayMemory(reason: string, screen: Screen, style: Style): void {
  screen.line(style.yellow('NOTHING REAL RUNS HERE: no Kafka, no registry, no Postgres. Log, tables and topics are'));
  screen.line(style.yellow('held in memory; the processor and its rules are the real ones.'));
  screen.line(style.dim(`  why: ${reason}`));
}

async function withStack(
  stack: Stack,
  options: DemoOptions,
  surface: Surface,
  signal: AbortSignal,
): Promise<boolean | null> {
  const { io, screen } = surface;
  const loaded = demoSettings(stack, options.gap, io.env, io.cwd);
  const { settings } = loaded;
  const logger = demoLogger(options.verbose, screen);
  const parts =
    stack.kind === 'memory' ? memoryParts(settings) : realParts(stack, settings, logger, { ...io, err: () => {} });
  let kept = false;
  try {
    const made = await parts.setUp();
    sayMade(stack, made, options.keep, screen);
    if (signal.aborted) return null;
    const seen: ConsoleContext = { loaded, state: stack.kind === 'memory' ? 'memory' : 'postgres' };
    return await withProcessor(parts, seen, options, surface, logger, signal, () => {
      kept = true;
    });
  } finally {
    screen.settle();
    await parts.close();
    if (!kept) await removeMade(parts, stack, screen);
  }
}

/** The processor's log. Without `verbose` it has only what a person should know of. */
function demoLogger(verbose: boolean, screen: Screen): Logger {
  const write = (text: string) => {
    // KafkaJS logs each attempt that fails, as while a broker starts; its callers log again what matters.
    if (verbose || !text.includes(' kafkajs={')) screen.warn(text);
  };
  return makeLogger({ level: verbose ? 'info' : 'warn', format: 'pretty' }, { write }, true);
}

function sayMade(stack: Stack, made: readonly string[], keep: boolean, screen: Screen): void {
  if (made.length === 0) return;
  if (stack.kind !== 'environment') {
    const names = made.map((what) => what.replace(/( in schema| under|, which) .*/, ''));
    screen.line(`set up: ${names.join(', ')}`);
  } else {
    screen.line(`made there, under names of this run only${keep ? '' : ', and removed at the end'}:`);
    for (const what of made) screen.line(`  ${what}`);
  }
}

async function removeMade(parts: Parts, stack: Stack, screen: Screen): Promise<void> {
  const left = await parts.remove();
  if (left.length > 0) {
    throw new Failure(1, `not all that the demo made could be removed; please do:\n  ${left.join('\n  ')}`);
  }
  if (stack.kind === 'environment') screen.line('removed: topics, groups, schemas, tables and role of this run');
}

/** What else the console needs. */
type ConsoleContext = Pick<Parameters<typeof openConsole>[0], 'loaded' | 'state'>;

async function withProcessor(
  parts: Parts,
  seen: ConsoleContext,
  options: DemoOptions,
  surface: Surface,
  logger: Logger,
  signal: AbortSignal,
  onKept: () => void,
): Promise<boolean | null> {
  const { screen, style } = surface;
  const { settings } = parts;
  const received: Received[] = [];
  const stop = new AbortController();
  let processor: Processor | null = null;
  const reports = () => processor?.reports() ?? [];
  let partitions = 0;
  const group = () => ({ member: processor?.isMember ?? false, partitions, workers: 1 });
  const metrics = new Metrics({ version: VERSION, reports, group });
  const ready = () => (processor === null ? 'starting' : processor.hindrance);
  const console = openConsole({ ...seen, version: VERSION, reports, ready, logger });
  const http = await listen(seen.loaded, { ready, metrics, site: console.site }, logger);
  let running: Promise<void> = Promise.resolve();
  let failure: unknown = null;
  try {
    let isWatched = true;
    const following = parts.follow((message) => {
      if (isWatched) received.push(message);
    });
    if (
      (await orAborted(
        following.then(() => true),
        signal,
      )) === null
    )
      return null;
    running = parts
      .process(logger, stop.signal, {
        observer: metrics,
        onStarted: (started, count) => {
          processor = started;
          partitions = count;
        },
      })
      .catch((error: unknown) => {
        // It was stopped while it waited for something: that is no failure.
        if (!stop.signal.aborted || error instanceof CannotGoOn) failure = error;
      });
    const started = await untilReady(
      () => processor,
      () => failure,
      signal,
    );
    if (started === null) return null;

    screen.line(`console: ${style.bold(`${http.url}/`)}`);
    for (const each of ['', ...(screen.isLive ? [] : explanation(settings))]) screen.line(each);
    const show = new Display(screen, parts, style);
    const written = await play(parts, options, { processor: started, received, show, logger }, signal);
    if (failure !== null) throw failure;
    screen.settle();
    if (signal.aborted) return null;
    isWatched = false;

    const facts = await parts.facts();
    const checked = checks(written, facts, received);
    const { columns } = screen.size;
    const { sessions, profiles } = await parts.look([]);
    for (const [name, label, rows] of [
      ['Sessions', parts.labels.sessions, sessionTable(sessions.slice(0, 5), columns, style)],
      ['Profiles', parts.labels.profiles, profileTable(profiles.slice(0, 5), columns, style)],
    ] as const) {
      screen.line();
      screen.line(heading(name, label, columns, style));
      for (const each of rows) screen.line(each);
    }
    screen.line();
    for (const each of summary(written, facts, received, checked, style)) screen.line(each);

    if (options.keep) {
      onKept();
      screen.line();
      screen.line(style.bold('Traffic goes on, slowly, and everything stays up until Ctrl-C. To look at it:'));
      screen.line(`  console          ${http.url}/`);
      for (const each of parts.howToLook) screen.line(`  ${each}`);
      screen.line(`  http             ${http.url}/metrics, /readyz`);
      const slowly = {
        duration: Number.POSITIVE_INFINITY,
        rate: Math.min(options.rate, RATE_AFTERWARDS),
        seed: options.seed + 1,
      };
      const writing = writeUntilStopped(parts, slowly, AbortSignal.any([signal, stop.signal]));
      writing.catch((error) => logger.warn({ err: messageOf(error) }, 'no more traffic is written'));
      await orAborted(running, signal);
      stop.abort();
      await Promise.allSettled([writing]);
      if (failure !== null) throw failure;
    }
    return checked.every(({ differs }) => differs.length === 0);
  } catch (error) {
    throw error instanceof CannotGoOn ? new Failure(1, error.message, { cause: error }) : error;
  } finally {
    screen.settle();
    stop.abort();
    await running;
    await http.close();
    await console.close();
  }
}

/** Waits until the group has assigned the partitions and all are taken over. null: the signal aborted first. */
async function untilReady(
  processor: () => Processor | null,
  failure: () => unknown,
  signal: AbortSignal,
): Promise<Processor | null> {
  const deadline = Date.now() + READY_WITHIN;
  for (;;) {
    const started = processor();
    if (failure() !== null) throw failure();
    if (signal.aborted) return null;
    if (started?.isReady) return started;
    if (Date.now() > deadline) {
      const seconds = READY_WITHIN / 1_000;
      throw new Failure(3, `the processor got no partitions within ${seconds} s: run again with --verbose to see why`);
    }
    await wallClock.sleep(20, signal);
  }
}

async function listen({ settings }: Loaded, parts: Omit<HttpParts, 'live'>, logger: Logger): Promise<HttpServer> {
  return await startHttp(settings.http, { live: () => null, ...parts }, logger);
}
