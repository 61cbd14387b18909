import { describe, expect, test } from '@jest/globals';
import { makeLogger } from '../../src/cli/logger.ts';

function lines(
  log: Parameters<typeof makeLogger>[0],
  terminal: boolean,
  write: (logger: ReturnType<typeof makeLogger>) => void,
) {
  const out: string[] = [];
  write(makeLogger(log, { write: (line) => out.push(line) }, terminal));
  return out;
}

describe('the log', () => {
  test('auto is JSON without a terminal, and a line for people on one', () => {
    const write = (logger: ReturnType<typeof makeLogger>) => logger.info({ partition: 3 }, 'taken over');
    const [json] = lines({ level: 'info', format: 'auto' }, false, write);
    expect(JSON.parse(json!)).toEqual({ level: 'info', time: expect.any(String), partition: 3, msg: 'taken over' });
    const [pretty] = lines({ level: 'info', format: 'auto' }, true, write);
    expect(pretty).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {3}taken over partition=3\n$/);
  });

  test.each([
    ['info', false],
    ['debug', true],
  ] as const)('at level %s an error has its stack: %s', (level, stack) => {
    const [line] = lines({ level, format: 'json' }, false, (logger) => logger.error({ err: new Error('boom') }, 'x'));
    expect(line).toContain('boom');
    expect(/\.ts:\d/.test(line!)).toBe(stack);
  });

  test.each(['info', 'debug'] as const)('at level %s nothing of an error is written but what it says', (level) => {
    const error = Object.assign(new Error('boom'), { detail: 'Key (session_id)=(s-ada) already exists.' });
    const [line] = lines({ level, format: 'json' }, false, (logger) => logger.error({ err: error }, 'x'));
    expect(line).not.toContain('s-ada');
  });

  test('on a terminal, what others answered colours nothing and moves no cursor', () => {
    const [line] = lines({ level: 'info', format: 'pretty' }, true, (logger) =>
      logger.warn({ err: new Error('no\x1b]0;x\x07'), why: ['\x9b2J'] }, 'it says \x1b[2J'),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is for
    expect(line).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(line).toContain('it says \\u001b[2J');
  });
});
