import type { Logger } from 'pino';
import { noCounts } from '../core/changes.ts';
import { messageOf } from '../ports/errors.ts';
import type { Processor } from '../processor/processor.ts';
import { type Simulated, traffic } from '../simulate/traffic.ts';
import { type WrittenCounts, writeTraffic } from '../simulate/write.ts';
import { wallClock } from '../time/clock.ts';
import type { Display } from './display.ts';
import type { Look, Parts, Received } from './parts.ts';

export interface Traffic {
  /** ms. */
  readonly duration: number;
  /** Records a second. */
  readonly rate: number;
  readonly seed: number;
}

/** More goes wrong than in life, so that all of it is seen in half a minute. */
const SHARES = { late: 0.04, resent: 0.03, broken: 0.01, signOut: 0.2, debug: 0.02, skewed: 0.03 };
/** Profiles: few enough that people come back within the demo. */
const PROFILES = 25;
/** Time between two looks, ms; longer where a look takes long. */
const LOOK_EVERY = 200;
/** How long the last visits may take to end, beyond the time that the rules give, ms. */
const DRAIN_WITHIN = 30_000;
/** A message that comes twice would come within this time, ms. */
const AFTERWARDS = 500;

const NOTHING: Look = {
  visits: [],
  sessions: [],
  profiles: [],
  open: 0,
  ended: 0,
  counts: noCounts(),
  messages: 0,
};

/**
 * Writes traffic and shows what becomes of it, until the last visit has ended, the time for that is over, or the signal
 * aborts. The caller fills `received` meanwhile.
 */
export async function play(
  parts: Parts,
  { duration, rate, seed }: Traffic,
  { processor, received, show, logger }: PlayParts,
  signal: AbortSignal,
): Promise<WrittenCounts> {
  const { visit } = parts.settings;
  const begun = Date.now();
  let written: WrittenCounts = { records: 0, event: 0, late: 0, resent: 0, broken: 0 };
  let overAt: number | null = null;
  const cut = new AbortController();
  const halt = AbortSignal.any([signal, cut.signal]);
  const writing = writeUntilStopped(parts, { duration, rate, seed }, halt, (progress) => {
    written = { ...progress };
  }).finally(() => {
    overAt = Date.now();
  });
  // It is awaited below; until then a failure only ends the show.
  writing.catch(() => cut.abort());

  const drainWithin = DRAIN_WITHIN + 2 * (visit.gap + visit.outOfOrderness + visit.arrivalGrace) + visit.clockMargin;
  let look = NOTHING;
  let warnedAt = 0;
  for (;;) {
    const now = Date.now();
    try {
      look = await parts.look(show.visitIds);
    } catch (error) {
      if (now - warnedAt > 5_000) logger.warn({ err: messageOf(error) }, 'the views cannot be read now');
      warnedAt = now;
    }
    if (signal.aborted) break;
    const draining = overAt !== null;
    const elapsed = Math.min(duration, now - begun);
    const reports = processor.reports();
    show.update({ now: Date.now(), elapsed, duration, draining, written, look, reports, received });
    if (halt.aborted || processor.hasFailed) break;
    if (overAt !== null && (isDrained(look, written, received) || now - overAt > drainWithin)) break;
    await wallClock.sleep(Math.max(LOOK_EVERY, 5 * (Date.now() - now)), halt);
  }
  cut.abort();
  const all = await writing;
  if (!signal.aborted) await wallClock.sleep(AFTERWARDS, signal);
  return all;
}

/** Writes traffic until its time is over or the signal aborts. */
export async function writeUntilStopped(
  parts: Parts,
  { duration, rate, seed }: Traffic,
  signal: AbortSignal,
  onProgress: (written: WrittenCounts) => void = () => {},
): Promise<WrittenCounts> {
  const { gap } = parts.settings.visit;
  return await writeTraffic({
    records: traffic({ ...SHARES, profiles: PROFILES, seed, rate, gap, startAt: Date.now() }),
    encode: parts.encoder() as (record: Simulated) => Buffer,
    send: (messages) => parts.send(messages),
    events: Number.POSITIVE_INFINITY,
    duration,
    signal,
    now: Date.now,
    sleep: wallClock.sleep,
    onProgress,
  });
}

export interface PlayParts {
  readonly processor: Processor;
  /** All messages of the output topics so far. */
  readonly received: readonly Received[];
  readonly show: Display;
  readonly logger: Logger;
}

function isDrained(look: Look, written: WrittenCounts, received: readonly Received[]): boolean {
  return look.counts.records >= written.records && look.open === 0 && received.length >= look.messages;
}
