/** For each kind of state, the kinds that may follow it. */
export type Transitions<State extends { readonly kind: string }> = Readonly<
  Record<State['kind'], readonly State['kind'][]>
>;

/**
 * A state that changes at one place only.
 *
 * Invariant: what follows a state is in its table, or of its own kind with other values; all else throws. Otherwise an
 * answer that comes late would bring back a state that has been left, and with it what was let go of.
 */
export class StateMachine<State extends { readonly kind: string }> {
  readonly transitions: Transitions<State>;
  private current: State;

  constructor(transitions: Transitions<State>, first: State) {
    this.transitions = transitions;
    this.current = first;
  }

  get now(): State {
    return this.current;
  }

  /** @throws if this state may not follow the one before */
  become(next: State): void {
    const from: State['kind'] = this.current.kind;
    if (next.kind !== from && !this.transitions[from].includes(next.kind)) {
      throw new Error(`${from} does not lead to ${next.kind}`);
    }
    this.current = next;
  }
}
