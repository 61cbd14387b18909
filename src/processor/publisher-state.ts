/**
 * The states of a publisher.
 *
 * - `unstarted`: rows may be offered; nothing is done with them.
 * - `locating`: a new producer fences the one before, and the position is looked for. Nothing is sent before it is found.
 * - `comparing`: the first time that it is found, it is past what the database knew of, as after a restored backup. What has
 *   been committed since is compared with what was published before the restore: `sending`, or `failed` if it differs.
 * - `sending`: rows are sent from the queue, or read from the store. What was published before the restore is not sent again,
 *   but compared as it is offered.
 * - `waiting`: something failed that may go away. After a while: `locating`.
 * - `failed`: something that only a decision can mend, or the partition is another's. Nothing more is sent.
 * - `stopped`: it is to end after what is being sent.
 */
import type { PublishedMessage } from '../ports/output.ts';
import type { Transitions } from './state-machine.ts';
import type { Failing } from './waits.ts';

/** Messages published before a database was set back, by sequence, and not compared yet. */
export type PublishedBeforeRestore = Map<number, PublishedMessage>;

export type PublisherState =
  | { readonly kind: 'unstarted' }
  | {
      readonly kind: 'locating';
      readonly trouble: Failing | null;
      /** null: the position was never found. */
      readonly publishedBeforeRestore: PublishedBeforeRestore | null;
    }
  | {
      readonly kind: 'comparing';
      readonly trouble: Failing | null;
      readonly publishedBeforeRestore: PublishedBeforeRestore;
    }
  | {
      readonly kind: 'sending';
      /** Why the last try failed; null once something went through. */
      trouble: Failing | null;
      readonly publishedBeforeRestore: PublishedBeforeRestore;
    }
  | {
      readonly kind: 'waiting';
      readonly trouble: Failing;
      readonly publishedBeforeRestore: PublishedBeforeRestore | null;
    }
  | { readonly kind: 'failed'; readonly error: Error; readonly trouble: Failing | null }
  | { readonly kind: 'stopped' };

export const PUBLISHER_TRANSITIONS: Transitions<PublisherState> = {
  unstarted: ['locating', 'stopped'],
  locating: ['comparing', 'sending', 'waiting', 'failed', 'stopped'],
  comparing: ['sending', 'waiting', 'failed', 'stopped'],
  sending: ['waiting', 'failed', 'stopped'],
  waiting: ['locating', 'failed', 'stopped'],
  failed: [],
  stopped: [],
};
