import { afterEach, expect, jest, test } from '@jest/globals';
import { untilSignal } from '../../src/cli/signals.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

test('the first signal asks for an orderly end, the second exits at once', () => {
  const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  const names: string[] = [];
  const { signal, stop } = untilSignal((name) => names.push(name));
  expect(signal.aborted).toBe(false);
  process.emit('SIGTERM');
  expect(signal.aborted).toBe(true);
  expect(names).toEqual(['SIGTERM']);
  expect(exit).not.toHaveBeenCalled();
  process.emit('SIGINT');
  expect(exit).toHaveBeenCalledWith(130);
  stop();
});

test('after it is stopped, the process has its signals to itself again', () => {
  const before = process.listenerCount('SIGTERM');
  const { stop } = untilSignal();
  expect(process.listenerCount('SIGTERM')).toBe(before + 1);
  stop();
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
