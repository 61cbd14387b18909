/** What a part leaves out that the guarantees rest on: to show that the simulator notices. */
export const WEAKNESSES = [
  'no fence',
  'no chain',
  'late commits',
  'no terminate',
  'not drained',
  'no outbox position',
  'position before fencing',
  'unstable position',
  'any coordinator believed',
  'commit without acknowledgements',
  'a part not sent',
  'new sequence numbers on a retry',
  'duplicates taken for new',
  'coordinator asked twice',
  'leaders never forgotten',
  'any stamp believed',
] as const;
export type Weakness = (typeof WEAKNESSES)[number];
