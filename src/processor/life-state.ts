/**
 * The states of a partition's life. docs/DESIGN.md has the picture.
 *
 * - `assigned`: the group gave the partition; it is taken over next, without asking. A life begins with it, and comes back
 *   to it where the group gives the partition again before it was taken over.
 * - `unconfirmed`: it was given up after a failure. The group is asked whose it is: `takingOver` if it is ours, else `denied`.
 * - `denied`: the group did not answer that it is ours. It is asked again after a while.
 * - `takingOver`: the store loads it, and the log is compared with what was folded: `folding`, or `unconfirmed` after a failure
 *   (`assigned`, if the group has given it again meanwhile).
 * - `folding`: a tenure folds it, until a failure (`unconfirmed`).
 * - `ending`: the processor stops, or the group gave the partition to another. What is under way comes to its end.
 * - `givenUp`: all that belonged to it is let go of. It comes from `ending`, and leads to `ended`; or it comes from an error
 *   that only a decision can mend, and leads nowhere.
 * - `ended`.
 */
import type { PartitionReport } from '../ports/observer.ts';
import type { Transitions } from './state-machine.ts';
import type { Tenure } from './tenure.ts';
import type { FailingPart } from './waits.ts';

/** It waits until it may be taken over. */
export interface Assigned {
  readonly kind: 'assigned';
  /** When it began to wait, ms since the epoch. */
  readonly since: number;
  /** Why it was given up before; null: it never was. */
  readonly failing: FailingPart | null;
}

/** It waits until the group confirms that it is ours. */
export interface Unconfirmed {
  readonly kind: 'unconfirmed' | 'denied';
  readonly since: number;
  readonly failing: FailingPart;
}

export interface TakingOver {
  readonly kind: 'takingOver';
  readonly since: number;
  /** The same by the clock's `elapsed`. */
  readonly startedAt: number;
  readonly failing: FailingPart | null;
  /** Whether the group gave it once more since this take-over began: the next one need not ask. */
  isAssignedAgain: boolean;
}

export interface Folding {
  readonly kind: 'folding';
  readonly since: number;
  readonly tenure: Tenure;
  /** Why it was given up before, as long as nothing has been written since; null: something was. */
  failing: FailingPart | null;
  /** When nothing was left to commit for the last time, before more was appended, ms since the epoch; null: not yet. */
  drainedAt: number | null;
}

/** States that a stop or a loss ends. */
export type ActiveState = Assigned | Unconfirmed | TakingOver | Folding;

export interface Ending {
  readonly kind: 'ending';
  /** Whether the partition is another's now: then what was folded is not committed. */
  readonly isLost: boolean;
  readonly from: ActiveState;
}

export interface GivenUp {
  readonly kind: 'givenUp';
  /** What is reported from here on. */
  readonly shown: Shown;
}

export type LifeState = ActiveState | Ending | GivenUp | { readonly kind: 'ended' };

export const LIFE_TRANSITIONS: Transitions<LifeState> = {
  assigned: ['takingOver', 'ending'],
  unconfirmed: ['assigned', 'takingOver', 'denied', 'ending'],
  denied: ['assigned', 'takingOver', 'ending'],
  takingOver: ['folding', 'unconfirmed', 'assigned', 'ending', 'givenUp'],
  folding: ['unconfirmed', 'ending', 'givenUp'],
  ending: ['givenUp', 'ended'],
  givenUp: ['ended'],
  ended: [],
};

/** The facts that a partition's report is made from. */
export interface Shown {
  readonly phase: PartitionReport['phase'];
  readonly phaseSince: number;
  /** Why it was given up last, where that still holds it back. */
  readonly failing: FailingPart | null;
  /** Whether the group was asked whose the partition is, and did not answer that it is ours. */
  readonly isAnothers: boolean;
}

const PHASES = {
  assigned: 'waiting',
  unconfirmed: 'waiting',
  denied: 'waiting',
  takingOver: 'taking over',
  folding: 'running',
} as const satisfies Record<ActiveState['kind'], PartitionReport['phase']>;

export function shownOf(state: LifeState): Shown {
  switch (state.kind) {
    case 'ended':
      return { phase: 'ended', phaseSince: 0, failing: null, isAnothers: false };
    case 'givenUp':
      return state.shown;
    case 'ending':
      return shownOf(state.from);
    case 'folding': {
      // Where nothing is to be written, nothing will show that the store works again: it holds nothing back either.
      const failing = state.tenure.committer.isBehind ? state.failing : null;
      return { phase: 'running', phaseSince: state.since, failing, isAnothers: false };
    }
    default:
      return {
        phase: PHASES[state.kind],
        phaseSince: state.since,
        failing: state.failing,
        isAnothers: state.kind === 'denied',
      };
  }
}

/** The tenure that folds, while one does. */
export function tenureOf(state: LifeState): Tenure | null {
  const live = state.kind === 'ending' ? state.from : state;
  return live.kind === 'folding' ? live.tenure : null;
}
