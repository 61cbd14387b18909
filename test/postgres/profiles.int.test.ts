import { expect, test } from '@jest/globals';
import type { TraitWrite } from '../../src/core/changes.ts';
import type { Visit } from '../../src/core/memory/visit.ts';
import { nameProfile } from '../support/name-profile.ts';
import { describeReal } from '../support/stack.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

const MINUTE = 60_000;

describeReal('a profile is the sum of its visits and the last of its traits', () => {
  const schema = testSchema();

  function visitOf(profileId: string | null, startedAt: number, of: Partial<Visit> = {}): Visit {
    const visit = makeVisit({ startedAt, lastEventAt: startedAt + MINUTE, ...of });
    nameProfile(visit, profileId, startedAt);
    return visit;
  }

  async function profile(id: string): Promise<Record<string, unknown> | undefined> {
    return (await schema.sql('SELECT * FROM profiles WHERE profile_id = $1', [id]))[0];
  }

  test('visits that it gains, in several commits and partitions, add up', async () => {
    const store = schema.store();
    const [one, two] = [schema.nextPartition(), schema.nextPartition()];
    const [a, b, c] = [visitOf('sum', T0), visitOf('sum', T0 - MINUTE, { ended: true }), visitOf('sum', T0 + MINUTE)];
    const first = new TestCommitter(await store.takeOver(one));
    await first.commit([a]);
    await first.commit([b]);
    await new TestCommitter(await store.takeOver(two)).commit([c]);
    expect(await profile('sum')).toEqual({
      profile_id: 'sum',
      visit_count: 3,
      // A session id seen in two partitions is two.
      session_count: 2,
      event_count: 6,
      page_view_count: 3,
      total_duration: 3 * MINUTE,
      first_seen_at: T0 - MINUTE,
      last_seen_at: T0 + 2 * MINUTE,
      traits: {},
    });
  });

  test('a visit that leaves takes all with it: first and last seen are found again among what remains', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const early = visitOf('shrink', T0 - 9 * MINUTE);
    const middle = visitOf('shrink', T0, { ended: true });
    const late = visitOf('shrink', T0 + 9 * MINUTE, { ended: true });
    const others = [
      visitOf('shrink', T0 - 99 * MINUTE, { debug: true } as Partial<Visit>),
      visitOf('other', T0 + 99 * MINUTE),
    ];
    await committer.commit([early, middle, late, ...others]);
    expect(await profile('shrink')).toMatchObject({
      first_seen_at: T0 - 9 * MINUTE,
      last_seen_at: T0 + 10 * MINUTE,
      visit_count: 3,
    });
    nameProfile(late, 'taker', 1);
    await committer.commit([late]);
    expect(await profile('shrink')).toMatchObject({
      visit_count: 2,
      event_count: 4,
      total_duration: 2 * MINUTE,
      first_seen_at: T0 - 9 * MINUTE,
      last_seen_at: T0 + MINUTE,
    });
    await committer.commit([middle], { removed: [{ id: early.id, from: 'open', survivor: middle.id }] });
    expect(await profile('shrink')).toMatchObject({ visit_count: 1, first_seen_at: T0, last_seen_at: T0 + MINUTE });
    nameProfile(middle, null, T0);
    await committer.commit([middle]);
    expect(await profile('shrink')).toBeUndefined();
    expect(await profile('taker')).toMatchObject({ visit_count: 1, last_seen_at: T0 + 10 * MINUTE });
    expect(await schema.sql(`SELECT FROM profile_part WHERE profile_id = 'shrink'`)).toEqual([]);
  });

  const trait = (of: Partial<TraitWrite>): TraitWrite => ({
    profileId: 'traits',
    key: 'k',
    value: 'v',
    t: T0,
    eventId: 'e',
    sessionId: 's',
    ...of,
  });

  test.each([
    ['a later t', { t: T0 + 1, eventId: 'a', sessionId: 'a' }],
    ['a greater event id', { eventId: 'f', sessionId: 'a' }],
    ['an event id that is greater as bytes, not as a language has it', { eventId: 'é', sessionId: 'a' }],
    ['a greater session id', { sessionId: 't' }],
  ])(
    'of two traits the one with %s stands, whichever comes first and from whichever partition',
    async (_name, later) => {
      const store = schema.store();
      const committers = await Promise.all(
        [schema.nextPartition(), schema.nextPartition()].map(async (n) => new TestCommitter(await store.takeOver(n))),
      );
      for (const [i, order] of [
        [0, 1],
        [1, 0],
      ].entries()) {
        for (const [j, [one, two]] of (
          [
            [0, 0],
            [0, 1],
          ] as const
        ).entries()) {
          const profileId = `traits ${JSON.stringify(later)} ${i} ${j}`;
          const writes = [trait({ profileId, value: 'old' }), trait({ profileId, value: 'new', ...later })];
          await committers[one]!.commit([], { traits: [writes[order[0]!]!] });
          await committers[two]!.commit([], { traits: [writes[order[1]!]!] });
          expect(await profile(profileId)).toMatchObject({ traits: { k: 'new' }, visit_count: 0, session_count: 0 });
        }
      }
    },
  );

  test('of two traits that are equal by t, event and session the first committed stands', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    await committer.commit([], { traits: [trait({ profileId: 'equal', value: 'first' })] });
    await committer.commit([], { traits: [trait({ profileId: 'equal', value: 'second' })] });
    expect(await profile('equal')).toMatchObject({ traits: { k: 'first' } });
  });

  test('a null unsets a key, also against an earlier write that comes later; an empty text is a value', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const at = (key: string, value: TraitWrite['value'], t: number) => trait({ profileId: 'unset', key, value, t });
    await committer.commit([], {
      traits: [at('a', 1.5, T0), at('b', '', T0), at('c', null, T0 + 1), at('d', true, T0)],
    });
    await committer.commit([], { traits: [at('a', null, T0 + 1), at('c', 'earlier', T0)] });
    expect(await profile('unset')).toMatchObject({ traits: { b: '', d: true } });
    await committer.commit([], { traits: [at('b', null, T0 + 1), at('d', null, T0 + 1)] });
    expect(await profile('unset')).toBeUndefined();
  });
});
