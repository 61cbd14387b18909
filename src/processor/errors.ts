/** Going on would lose or double something, or needs a decision: the processor stops, and the message says what to do. */
export class CannotGoOn extends Error {
  override readonly name = 'CannotGoOn';
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
