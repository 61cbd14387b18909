import type { Logger } from 'pino';
import type { Blocker, PartitionReport, Wait } from '../ports/observer.ts';

/** A partition counts as behind from this age of what is not folded, ms. */
const BEHIND = 60_000;
/** A wait is logged once it lasts this long, ms. */
const STILL = 10_000;

/** How many records are not folded and committed yet; null: not known. */
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

/** Logs what holds a partition back, that it goes on, that it is behind and that it has caught up. */
export class ProgressReporter {
  private readonly logger: Logger;
  private readonly standstills: Standstills;
  private behind = false;

  constructor(logger: Logger) {
    this.logger = logger;
    this.standstills = new Standstills(logger);
  }

  /** To be called a few times a second. */
  watch(report: PartitionReport, now: number): void {
    const { waits, nextOffset: offset } = report;
    // The publisher logs that nothing can be published as soon as it fails, and that holds up folding only later.
    const still = waits.filter(({ for: blocker }) => blocker !== 'output');
    this.standstills.watch(still, { offset }, now);
    this.watchLag(report, now);
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

/** Logs what is waited for once that has lasted, and when it is over. */
export class Standstills {
  private readonly logger: Logger;
  private readonly still = new Map<Blocker, { readonly since: number; isLogged: boolean }>();

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** To be called a few times a second, with all that is waited for. */
  watch(waits: readonly Wait[], fields: object, now: number): void {
    for (const [blocker, { since, isLogged }] of this.still) {
      if (waits.some((wait) => wait.for === blocker && wait.since === since)) continue;
      if (isLogged) this.logger.info({ ...fields, for: blocker, ms: Math.max(0, now - since) }, 'goes on');
      this.still.delete(blocker);
    }
    for (const { for: blocker, since, why } of waits) {
      const still = this.still.get(blocker) ?? { since, isLogged: false };
      this.still.set(blocker, still);
      if (still.isLogged || now - since < STILL) continue;
      still.isLogged = true;
      this.logger.warn({ ...fields, for: blocker, ms: now - since }, `stands still: ${why}`);
    }
  }
}
