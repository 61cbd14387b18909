/** What `setup` has to say of one thing. */
export interface Finding {
  /**
   * `made` now; `exists` as it should; `differs` from what setup would have made, and is left as it is; `missing`: only
   * looked for, or not ours to make.
   */
  readonly state: 'made' | 'exists' | 'differs' | 'missing';
  readonly what: string;
  /** What was set, what differs, or what to do. */
  readonly detail?: string;
}

/** One line each, and what is to be run by hand below its line. */
export function told({ state, what, detail }: Finding): string {
  const [first, ...rest] = (detail ?? '').trimEnd().split('\n');
  const more = rest.map((line) => `          ${line}\n`).join('');
  return `${state.padEnd(8)}${what}${first ? `: ${first}` : ''}\n${more}`;
}
