import { describe, expect, test } from '@jest/globals';
import { parseOptions, Usage } from '../../bench/options.ts';
import { DEFAULT_SHAPE, topicOf } from '../../bench/workload/shape.ts';

const parse = (line: string) => parseOptions(line.split(' ').filter((word) => word !== ''));

describe('what the command line asks for', () => {
  test('nothing: two million events, three runs, with ceilings', () => {
    expect(parse('')).toMatchObject({
      scenario: 'catch-up',
      shape: DEFAULT_SHAPE,
      runs: 3,
      ceilings: true,
      peers: null,
    });
  });

  test.each([
    ['--events 8m', 8_000_000],
    ['--events 200k', 200_000],
    ['--events 1.5m', 1_500_000],
    ['--events 1_000_000', 1_000_000],
    ['--quick', 500_000],
    ['--quick --events 50k', 50_000],
    ['wide', 3_000_000],
    ['wide --visits 1k', 3_000],
  ])('%s: so many events', (line, events) => {
    expect(parse(line).shape.events).toBe(events);
  });

  test('quick runs once and leaves the ceilings out unless they are wanted', () => {
    expect(parse('--quick')).toMatchObject({ runs: 1, ceilings: false });
    expect(parse('--quick --ceilings')).toMatchObject({ ceilings: true });
    expect(parse('--no-ceilings')).toMatchObject({ ceilings: false, quick: false });
  });

  test('peers, and which of them', () => {
    expect(parse('--peers ../shared/peers --only flink --runs 5')).toMatchObject({
      peers: '../shared/peers',
      only: 'flink',
      runs: 5,
    });
  });

  test('comparing takes eight runs of each, and something to compare with', () => {
    expect(parse('compare --program ../before')).toMatchObject({ scenario: 'compare', runs: 8, program: '../before' });
    expect(() => parse('compare')).toThrow('--program');
  });

  test('a wide workload leaves its visits open', () => {
    expect(parse('wide').shape).toMatchObject({ closing: false, lengths: 'same', perVisit: 3 });
  });

  test('a given topic goes with what is known of it', () => {
    expect(parse('--topic w2m --events 2m --visits 200055').given).toEqual({
      topic: 'w2m',
      events: 2_000_000,
      visits: 200_055,
    });
  });

  test.each([
    'sideways',
    'catch-up wide',
    '--events',
    '--events 0',
    '--events many',
    '--events 0.5',
    '--events -5',
    '--runs 1.5',
    '--nonsense 1',
    '--profile',
    '--quick --peers somewhere',
    'latency --quick',
    '--topic w2m',
    '--topic w2m --events 2m',
    '--visits 5',
  ])('refuses %s', (line) => {
    expect(() => parse(line)).toThrow(Usage);
  });
});

test('two shapes never share a topic', () => {
  const shapes = [
    DEFAULT_SHAPE,
    { ...DEFAULT_SHAPE, events: 1 },
    { ...DEFAULT_SHAPE, perVisit: 1 },
    { ...DEFAULT_SHAPE, lengths: 'same' as const },
    { ...DEFAULT_SHAPE, hours: 1 },
    { ...DEFAULT_SHAPE, partitions: 1 },
    { ...DEFAULT_SHAPE, seed: 2 },
    { ...DEFAULT_SHAPE, start: 1 },
    { ...DEFAULT_SHAPE, closing: false },
  ];
  expect(new Set(shapes.map((shape) => topicOf('x', shape))).size).toBe(shapes.length);
});
