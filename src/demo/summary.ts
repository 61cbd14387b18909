import type { Style } from '../cli/style.ts';
import type { WrittenCounts } from '../simulate/write.ts';
import type { Check } from './checks.ts';
import type { Facts, Received } from './parts.ts';

/** The most differences of one check that are listed. */
const MOST_LISTED = 5;

/** What came in, what became of it, and whether the checks hold, which the last line sums up. */
export function summary(
  written: WrittenCounts,
  { visits, sessions, profiles, counts }: Facts,
  received: readonly Received[],
  checked: readonly Check[],
  style: Style,
): string[] {
  const outputs = received.flatMap((message) => (message.topic === 'output' ? [message.visit] : []));
  const retracted = outputs.filter((visit) => visit.retracted).length;
  const first = outputs.filter((visit) => visit.revision === 0 && !visit.retracted).length;
  const again = outputs.length - first - retracted;
  const dead = counts.undecodable + counts.invalid + counts.future + counts.visitFull;
  const debug = visits.filter((visit) => visit.debug).length;
  const field = (name: string, value: string) => `  ${name.padEnd(16)}${value}`;
  const failed = checked.filter(({ differs }) => differs.length > 0);
  const last =
    failed.length === 0
      ? style.green(`demo ok: ${checked.length} sums agree`)
      : style.red(`demo FAILED: ${failed.length} of ${checked.length} sums do not agree`);
  return [
    style.bold('Summary'),
    field(
      'events written',
      `${written.records}: ${written.event} new, ${written.resent} resent, ${written.late} late, ${written.broken} broken`,
    ),
    field('records read', `${counts.records}`),
    field('visits', `${visits.length}${debug > 0 ? `, ${debug} of them debug` : ''}`),
    field('sessions', `${sessions.length}`),
    field('profiles', `${profiles.length}`),
    field('messages out', `${outputs.length} Visit Ended: ${first} first, ${again} amended, ${retracted} retracted`),
    field('duplicates', `${counts.duplicate}`),
    field('dead letters', `${dead}`),
    field('late', `${counts.late}`),
    '',
    style.bold('Do the sums agree?'),
    ...checked.flatMap(({ what, differs }) => [
      `  ${differs.length === 0 ? style.green('yes') : style.red('NO ')}  ${what}`,
      ...differs.slice(0, MOST_LISTED).map((difference) => `         ${difference}`),
      ...(differs.length > MOST_LISTED ? [`         and ${differs.length - MOST_LISTED} more`] : []),
    ]),
    '',
    last,
  ];
}
