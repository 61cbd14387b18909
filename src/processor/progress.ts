import type { Logger } from 'pino';
import type { PartitionReport } from './observer.ts';

/** From how far behind on a partition is said to be behind, ms. */
const BEHIND = 60_000;
/** From how long on a wait is said to be one, ms. */
const STILL = 10_000;

const WAITS = {
  store: 'stands still: waiting for an answer of Postgres',
  registry: 'stands still: waiting for the schema registry, which alone can say how these records are to be read',
  publisher: 'stands still: more than outbox.max_bytes waits to be published, and nothing is folded before it is out',
} as const;

/** Records that are not folded yet; null: not known. */
export function lagOf({ end, nextOffset }: Pick<PartitionReport, 'end' | 'nextOffset'>): number | null {
  return end === null || nextOffset === null ? null : Math.max(0, end - nextOffset);
}

/**
 * How old what is not folded yet may be, ms; 0 where nothing is left, null where it is not known. What is left came after the
 * record folded last, and after the moment at which nothing was left: a first record in hours is not hours behind.
 */
export function lagAge(report: PartitionReport, now: number): number | null {
  const lag = lagOf(report);
  if (lag === null || lag === 0) return lag;
  const since = Math.max(report.arrivalClock ?? 0, report.drainedAt ?? 0);
  return since === 0 ? null : Math.max(0, now - since);
}

/** Tells the log what a partition is held back by, that it goes on, that it is behind and that it has caught up. */
export class Progress {
  private readonly logger: Logger;
  private behind = false;
  private still: { readonly since: number; told: boolean } | null = null;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** To be called a few times a second. */
  watch(report: PartitionReport, now: number): void {
    this.watchWait(report, now);
    this.watchLag(report, now);
  }

  private watchWait({ waiting, nextOffset }: PartitionReport, now: number): void {
    const { still } = this;
    if (still !== null && waiting?.since !== still.since) {
      if (still.told) this.logger.info({ offset: nextOffset, ms: Math.max(0, now - still.since) }, 'goes on');
      this.still = null;
    }
    if (waiting === null) return;
    this.still ??= { since: waiting.since, told: false };
    if (this.still.told || now - waiting.since < STILL) return;
    this.still.told = true;
    this.logger.warn({ offset: nextOffset, ms: now - waiting.since }, WAITS[waiting.for]);
  }

  private watchLag(report: PartitionReport, now: number): void {
    const age = lagAge(report, now);
    const { nextOffset, end } = report;
    if (age === null) return;
    if (!this.behind && age > BEHIND) {
      this.behind = true;
      this.logger.info({ offset: nextOffset, end, ms: age }, 'behind: there is a backlog to fold');
    } else if (this.behind && age === 0) {
      this.behind = false;
      this.logger.info({ offset: nextOffset }, 'caught up');
    }
  }
}
