import { describe, expect, test } from '@jest/globals';
import { Latest } from '../../src/console/latest.ts';

/** A source that answers when the test lets it, and a clock. */
function source() {
  let now = 1_000_000;
  const asked: PromiseWithResolvers<string>[] = [];
  const latest = new Latest(
    () => {
      asked.push(Promise.withResolvers<string>());
      return asked.at(-1)!.promise;
    },
    { every: 1_000, patience: 1, now: () => now },
  );
  return { latest, asked, pass: (ms: number) => (now += ms), now: () => now };
}

describe('what all who look see', () => {
  test('is read once, however many look', async () => {
    const { latest, asked } = source();
    const looks = Array.from({ length: 50 }, () => latest.get());
    asked[0]!.resolve('state');
    expect((await Promise.all(looks)).map(({ value }) => value)).toEqual(looks.map(() => 'state'));
    await latest.get();
    expect(asked).toHaveLength(1);
  });

  test('is read again once it is old, and not before', async () => {
    const { latest, asked, pass } = source();
    const first = latest.get();
    asked[0]!.resolve('one');
    await first;
    pass(999);
    await latest.get();
    expect(asked).toHaveLength(1);
    pass(1);
    const second = latest.get();
    asked[1]!.resolve('two');
    expect((await second).value).toBe('two');
  });

  test('no caller waits for a source that is slow, and it is not asked again meanwhile', async () => {
    const { latest, asked, pass } = source();
    expect(await latest.get()).toEqual({ value: null, at: null, error: null });
    pass(60_000);
    expect((await latest.get()).value).toBeNull();
    expect(asked).toHaveLength(1);
  });

  test('a source that took long rests twenty times as long', async () => {
    const { latest, asked, pass } = source();
    const first = latest.get();
    pass(500);
    asked[0]!.resolve('slow');
    await first;
    pass(9_499);
    await latest.get();
    expect(asked).toHaveLength(1);
    pass(1);
    void latest.get();
    expect(asked).toHaveLength(2);
  });

  test('a source that took very long is asked again after 15 seconds, so that one sees when it is well', async () => {
    const { latest, asked, pass } = source();
    const first = latest.get();
    pass(3_000);
    asked[0]!.reject(new Error('too long'));
    await first;
    pass(11_999);
    await latest.get();
    expect(asked).toHaveLength(1);
    pass(1);
    void latest.get();
    expect(asked).toHaveLength(2);
  });

  test('a failure comes with what was known before, and how old that is', async () => {
    const { latest, asked, pass, now } = source();
    const first = latest.get();
    asked[0]!.resolve('state');
    await first;
    const readAt = now();
    pass(1_000);
    const second = latest.get();
    asked[1]!.reject(new Error('away'));
    expect(await second).toEqual({ value: 'state', at: readAt, error: 'away' });
    pass(1_000);
    const third = latest.get();
    asked[2]!.resolve('again');
    expect(await third).toEqual({ value: 'again', at: now(), error: null });
  });
});
