import { describe, expect, test } from '@jest/globals';
import { type LogEntry, logLevel } from 'kafkajs';
import errors from 'kafkajs/src/protocol/error.js';
import { pino } from 'pino';
import { kafkaClient } from '../../../src/kafka/client.ts';
import { kafkaLogCreator } from '../../../src/kafka/kafkajs/logging.ts';

/** Levels of what was written, in order. `now` is moved by hand. */
function logged() {
  const clock = { now: 0 };
  const levels: string[] = [];
  const options = { level: 'trace', formatters: { level: (level: string) => ({ level }) } };
  const logger = pino(options, { write: (line: string) => void levels.push(JSON.parse(line).level) });
  const write = kafkaLogCreator(logger, () => clock.now)();
  const log = (level: logLevel, message: string, fields: object = {}) =>
    write({ namespace: 'Connection', level, label: '', log: { timestamp: '', message, ...fields } } as LogEntry);
  return { clock, levels, log };
}

describe('what KafkaJS logs is written one level quieter, for it tries again by itself, and', () => {
  test('nothing of it is left out', () => {
    const { levels, log } = logged();
    for (const level of [logLevel.ERROR, logLevel.WARN, logLevel.INFO, logLevel.DEBUG]) log(level, `at ${level}`);
    expect(levels).toEqual(['warn', 'info', 'debug', 'trace']);
  });

  test('the same line again within a minute is quieter, and not after', () => {
    const { clock, levels, log } = logged();
    for (const time of [0, 59_999, 60_001]) {
      clock.now = time;
      log(logLevel.ERROR, 'connection refused');
    }
    expect(levels).toEqual(['warn', 'debug', 'warn']);
  });

  test('a rebalance, of which nothing has to be done, is no warning', () => {
    const { levels, log } = logged();
    log(logLevel.ERROR, 'Response SyncGroup', { error: 'The group is rebalancing, so a rejoin is needed' });
    log(logLevel.ERROR, 'Response SyncGroup', { error: 'Not authorized to access group' });
    expect(levels).toEqual(['debug', 'warn']);
  });

  test('nor is a transaction that waits for the one before', () => {
    const { levels, log } = logged();
    log(logLevel.ERROR, 'Response AddPartitionsToTxn', { error: errors.createErrorFromCode(51).message });
    expect(levels).toEqual(['debug']);
  });

  test('that a producer which gives up may invalidate guarantees is not written: ours begin anew', () => {
    const lines: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    kafkaClient({ brokers: ['127.0.0.1:1'] }, logger).producer({ idempotent: true, retry: { retries: 3 } });
    expect(lines.join('')).not.toMatch(/EoS/);
    const { levels, log } = logged();
    log(logLevel.WARN, 'Limiting retries for the idempotent producer may invalidate EoS guarantees');
    log(logLevel.WARN, 'Limiting retries');
    expect(levels).toEqual(['info']);
  });
});
