/**
 * KafkaJS's log as ours. Written for KafkaJS 2.2.4, whose texts it knows; held by
 * test/kafka/kafkajs/logging.unit.test.ts.
 */
import { type LogEntry, logLevel } from 'kafkajs';
import type { Logger } from 'pino';

/** The same line again within this many ms goes to debug: a broker that is away gives dozens a second. */
const SAME_AGAIN = 60_000;

/** KafkaJS logs these as errors, and they are the usual course of things. */
const USUAL: ReadonlySet<unknown> = new Set([
  // So a member learns that the group rebalances.
  'The group is rebalancing, so a rejoin is needed',
  // The transaction before is still being ended, for some ms.
  'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing',
]);

/**
 * KafkaJS warns of this for each producer that gives up after some tries. Ours do so on purpose: their caller opens
 * another one, and the brokers know by its sequence number what was sent. The warning is about no message, and would
 * only frighten.
 */
const LIMITED_RETRIES = 'Limiting retries for the idempotent producer may invalidate EoS guarantees';

/** KafkaJS's level for a logger: lines that would not be written anyway are not made. */
export function kafkaLogLevel(logger: Logger): logLevel {
  if (logger.isLevelEnabled('trace')) return logLevel.DEBUG;
  return logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN;
}

/**
 * Writes KafkaJS's lines one level quieter: it mostly tries again by itself after what it calls an error, and where it
 * does not, its caller reports the error.
 */
export function kafkaLogCreator(logger: Logger, now: () => number = Date.now): () => (entry: LogEntry) => void {
  const last = new Map<string, number>();
  // Notes the line, and returns whether it was logged lately.
  const noteSeen = (line: string): boolean => {
    const time = now();
    const before = last.get(line);
    if (before !== undefined && time - before < SAME_AGAIN) return true;
    if (last.size >= 1_000) last.clear();
    last.set(line, time);
    return false;
  };
  return () =>
    ({ namespace, level, log }) => {
      if (log.message === LIMITED_RETRIES) return;
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...rest } = log;
      const line = `${namespace}: ${message}`;
      const fields = { kafkajs: rest };
      if (level >= logLevel.DEBUG) logger.trace(fields, line);
      else if (level >= logLevel.INFO || USUAL.has(rest.error) || noteSeen(line)) logger.debug(fields, line);
      else if (level === logLevel.WARN) logger.info(fields, line);
      else logger.warn(fields, line);
    };
}
