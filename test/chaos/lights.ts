import { setTimeout as sleep } from 'node:timers/promises';
import { Prometheus, whyNoPrometheus } from '../deploy/support/prometheus.ts';
import type { Log } from './log.ts';
import type { FoldProgress } from './progress.ts';
import type { Slot } from './slot.ts';
import { SEEN_WITHIN, Unseen } from './unseen.ts';

const EVERY = 1_000;
/** Longest wait for a processor's answer, ms: one that gives none is not ready. */
const ANSWER = 2_000;

/** Critical alerts that show what was, not what is: here processors are killed all the time. */
const OF_THE_PAST: ReadonlySet<string> = new Set(['TidemarkRestarting']);

/** What an operator at night would have seen: `/readyz` of each processor, and the alerts of a real Prometheus. */
export class Lights {
  /** Times that a partition stood still while every light was green. */
  readonly complaints: string[] = [];
  readonly #slots: readonly Slot[];
  readonly #prometheus: Prometheus | null;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #lit: readonly string[] = [];

  static async open(slots: readonly Slot[], log: Log): Promise<Lights> {
    const why = whyNoPrometheus();
    if (why !== null) {
      log.say(`of the lights, alerts are not looked at: ${why}`);
      return new Lights(slots, null, log);
    }
    const prometheus = await Prometheus.start();
    await prometheus.targets(slots.map(({ url }) => url));
    return new Lights(slots, prometheus, log);
  }

  private constructor(slots: readonly Slot[], prometheus: Prometheus | null, log: Log) {
    this.#slots = slots;
    this.#prometheus = prometheus;
    this.#log = log;
  }

  start(progress: FoldProgress): void {
    this.#done = this.#watch(progress);
    // `stop` throws what it failed of.
    this.#done.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#prometheus?.stop();
  }

  async #watch(progress: FoldProgress): Promise<void> {
    const { signal } = this.#stop;
    const unseen = new Unseen(Date.now());
    while (!signal.aborted) {
      const lit = await this.#look();
      if (lit.join() !== this.#lit.join())
        this.#log.say(lit.length === 0 ? 'lights: green' : `lights: ${lit.join(', ')}`);
      this.#lit = lit;
      for (const partition of unseen.look(progress.standingSince, lit.length > 0, Date.now())) {
        const what = `partition ${partition} stood still for ${SEEN_WITHIN / 1_000} s while every light was green`;
        this.complaints.push(`${what} (${new Date().toISOString()})`);
        this.#log.say(`!! ${what}`);
      }
      await sleep(EVERY, undefined, { signal }).catch(() => {});
    }
  }

  /** What is not green. */
  async #look(): Promise<string[]> {
    const running = this.#slots.filter(({ isRunning }) => isRunning);
    const [alerts, ...ready] = await Promise.all([
      this.#prometheus?.alerts() ?? [],
      ...running.map(async (slot) => ((await isReady(slot.url)) ? null : `${slot.name} is not ready`)),
    ]);
    const telling = alerts.filter(({ severity, name }) => severity === 'critical' && !OF_THE_PAST.has(name));
    const names = telling.map(({ name, partition }) => (partition === null ? name : `${name} ${partition}`));
    return [...ready.filter((one) => one !== null), ...new Set(names)].sort();
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
