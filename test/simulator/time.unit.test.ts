import { expect, test } from '@jest/globals';
import { VirtualTime } from './time.ts';

test('time passes in whole milliseconds: timers are never due at a fraction of one', async () => {
  await expect(new VirtualTime(0).pass(0.5)).rejects.toThrow('whole ms');
});

test('timers that are due and set others without end are an error, not a test that never ends', async () => {
  const time = new VirtualTime(0);
  const again = (): void => void time.after(0, again);
  again();
  await expect(time.pass(1)).rejects.toThrow('time stands still at 0');
});
