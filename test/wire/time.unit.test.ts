import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTime } from '../../src/wire/time.ts';

describe('times in ISO 8601', () => {
  test.each([
    ['2026-01-01T00:00:00Z', 1767225600000],
    ['2026-01-01T00:00:00.5Z', 1767225600500],
    ['2026-01-01T00:00:00.123456789Z', 1767225600123],
    ['2026-01-01T01:00:00+01:00', 1767225600000],
    ['2025-12-31T18:30:00-0530', 1767225600000],
    ['2026-01-01 00:00:00', 1767225600000],
    ['2026-01-01T00:00', 1767225600000],
    ['2026-01-01', 1767225600000],
    ['2024-02-29', 1709164800000],
  ])('%s is read', (text, time) => {
    expect(parseTime(text)).toBe(time);
  });

  test.each([
    '',
    '2026',
    '2025-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+24:00',
    '1767225600000',
    'yesterday',
    '2026-01-01T00:00:00Z ',
  ])('%j is refused', (text) => {
    expect(parseTime(text)).toBeNull();
  });

  test('what JavaScript writes is read back', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        expect(parseTime(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});
