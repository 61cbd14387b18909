import { type LogEntry, logLevel } from 'kafkajs';
import type { Logger } from 'pino';

/** The same line again within this many ms goes to debug: a broker that is away gives dozens a second. */
const SAME_AGAIN = 60_000;

/** What KafkaJS calls an error, and what is the way things go. */
const USUAL: ReadonlySet<unknown> = new Set([
  // A member hears so that the group deals anew.
  'The group is rebalancing, so a rejoin is needed',
  // The transaction before is still being ended, for some ms.
  'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing',
]);

/**
 * Said of each producer that gives up after some tries. Ours do so on purpose: whoever uses one begins anew, and what was
 * sent is known by its sequence number. It says nothing of any message, and frightens whoever reads it.
 */
const OF_NO_MATTER = 'Limiting retries for the idempotent producer may invalidate EoS guarantees';

/** KafkaJS's level for a logger: what would not be written anyway is not made. */
export function kafkaLogLevel(logger: Logger): logLevel {
  if (logger.isLevelEnabled('trace')) return logLevel.DEBUG;
  return logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN;
}

/**
 * KafkaJS's lines as ours, one level quieter: what it calls an error it mostly tries again by itself, and what it does
 * not, whoever called it reports.
 */
export function kafkaLogCreator(logger: Logger, now: () => number = Date.now): () => (entry: LogEntry) => void {
  const last = new Map<string, number>();
  const seenLately = (line: string): boolean => {
    const time = now();
    const before = last.get(line);
    if (before !== undefined && time - before < SAME_AGAIN) return true;
    if (last.size >= 1_000) last.clear();
    last.set(line, time);
    return false;
  };
  return () =>
    ({ namespace, level, log }) => {
      if (log.message === OF_NO_MATTER) return;
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...rest } = log;
      const line = `${namespace}: ${message}`;
      const fields = { kafkajs: rest };
      if (level >= logLevel.DEBUG) logger.trace(fields, line);
      else if (level >= logLevel.INFO || USUAL.has(rest.error) || seenLately(line)) logger.debug(fields, line);
      else if (level === logLevel.WARN) logger.info(fields, line);
      else logger.warn(fields, line);
    };
}
