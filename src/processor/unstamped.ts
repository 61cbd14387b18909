import type { Logger } from 'pino';
import type { LogRecord } from '../core/rules/event.ts';

/** A run of records that the broker did not stamp: offsets of the first and the last, and how many. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly records: number;
}

/**
 * Logs, once a take-over of a partition, which records the broker did not stamp: where the first of them lie, as soon as
 * there is one, and where it stamps again.
 */
export class UnstampedWatch {
  private readonly logger: Logger;
  /** The stretch that the next record may belong to; null: there was none yet. */
  private stretch: Stretch | null = null;
  private hasWarned = false;
  private isOver = false;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** @param records that were folded, in order; @param count how many of them the broker did not stamp. */
  folded(records: readonly LogRecord<unknown>[], count: number): void {
    if (this.isOver || (count === 0 && this.stretch === null)) return;
    for (const { offset, stamped } of records) {
      if (stamped === false) {
        const { from, records } = this.stretch ?? { from: offset, records: 0 };
        this.stretch = { from, to: offset, records: records + 1 };
      } else if (this.stretch !== null) {
        this.logEnd(this.stretch, offset);
        return;
      }
    }
    if (this.stretch !== null) this.warn(this.stretch);
  }

  private warn(stretch: Stretch): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(
      stretch,
      'records that the brokers did not stamp: they are older than message.timestamp.type=LogAppendTime on the topic, or were ' +
        'written while it was CreateTime. Such move no clock past the last stamp of the brokers. If the topic is not ' +
        'LogAppendTime now, set it: what lies ahead of that stamp goes to the dead-letter topic as future. Metric ' +
        'tidemark_unstamped_records_total counts them',
    );
  }

  private logEnd(stretch: Stretch, offset: number): void {
    this.warn(stretch);
    this.isOver = true;
    this.logger.info({ offset, ...stretch }, 'the brokers stamp the records from here on');
  }
}
