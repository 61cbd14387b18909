/** Going on would lose or double something, or needs a decision: the processor stops, and the message names what to do. */
export class CannotGoOn extends Error {
  override readonly name = 'CannotGoOn';
}

/** Kafka did not answer what the partition asked it: another fault than one of the store. */
export class LogAway extends Error {
  override readonly name = 'LogAway';
}

/** The way out where the state in the database cannot be folded on: for the end of a message. */
export const BEGIN_ANEW =
  'fold the log anew: into another database.schema, with another kafka.group and other output topics';

/** The message of whatever was thrown; of several at once, as when no address of a host answers, all. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  // The message of fetch itself is always the same.
  return error.message === 'fetch failed' && error.cause ? messageOf(error.cause) : error.message;
}
