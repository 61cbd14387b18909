/** What `setup` found or made of one thing. */
export interface Finding {
  /**
   * `made` now; `exists` as it should; `differs` from what setup would have made, and is left as it is; `missing`: setup only
   * looked for it, or may not make it.
   */
  readonly state: 'made' | 'exists' | 'differs' | 'missing';
  readonly what: string;
  /** What was set, what differs, or what to do. */
  readonly detail?: string;
}

/** A finding as one line, and below it what is to be run by hand. */
export function findingLines({ state, what, detail }: Finding): string {
  const [first, ...rest] = (detail ?? '').trimEnd().split('\n');
  const more = rest.map((line) => `          ${line}\n`).join('');
  return `${state.padEnd(8)}${what}${first ? `: ${first}` : ''}\n${more}`;
}
