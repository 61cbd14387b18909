/** Plans of when a processor looks up, commits and dies. */
import fc from 'fast-check';
import type { Turn } from './drive.ts';

const turns: fc.Arbitrary<Turn> = fc.record({
  ahead: fc.constantFrom(1, 2, 5, 40),
  landing: fc.constantFrom('not', 'before the read', 'after the read'),
  commit: fc.constantFrom('none', 'done', 'under way'),
  crash: fc.oneof(
    { weight: 5, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('commit lost', 'commit landed') },
  ),
  endAtMost: fc.constantFrom(0, 1, 100),
  filter: fc.constantFrom('none', 'none', 'begin', 'use'),
  idleBytes: fc.constantFrom(0, 0, 3_000, 24_000, 1_000_000),
});

export const plans: fc.Arbitrary<Turn[]> = fc.array(turns, { maxLength: 60, size: 'max' });
