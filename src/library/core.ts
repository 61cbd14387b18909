/**
 * `tidemark/core`: fold events of one's own, in a test or a notebook, without Kafka and Postgres.
 *
 * Invariant: this is all that a program may import of the package, and nothing here exposes anything inside it but the rules.
 * Anything else that was exported could not be changed any more.
 */

export { Partition, type Source } from './partition.ts';
export { type RuleSettings, type Rules, rules } from './rules.ts';
export type {
  EndReason,
  Json,
  LogRecord,
  Outcome,
  Profile,
  Session,
  TrackEvent,
  Visit,
  VisitEnded,
} from './types.ts';
