import type { Logger } from 'pino';
import type { Clock } from './clock.ts';

/** The same failure again within this many ms goes to debug: what is away is asked for again and again. */
const SAME_AGAIN = 60_000;

/**
 * Something that fails and is tried again, in the log: a line when it fails, one each minute that it lasts, one at its
 * end.
 */
export class Outage {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly logger: Logger;
  private since: number | null = null;
  private loggedAt = 0;
  private times = 0;

  constructor(clock: Pick<Clock, 'elapsed'>, logger: Logger) {
    this.clock = clock;
    this.logger = logger;
  }

  failed(fields: object, text: string): void {
    const now = this.clock.elapsed();
    const again = this.since !== null && now - this.loggedAt < SAME_AGAIN;
    this.since ??= now;
    this.times += 1;
    if (!again) this.loggedAt = now;
    if (again) this.logger.debug(fields, text);
    else this.logger.warn(fields, text);
  }

  /** It works: logged where it did not before. */
  over(text: string, fields: object = {}): void {
    if (this.since === null) return;
    const ms = Math.round(this.clock.elapsed() - this.since);
    this.logger.info({ ...fields, ms, times: this.times }, text);
    this.since = null;
    this.times = 0;
  }
}
