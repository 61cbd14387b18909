/**
 * An error of Postgres with what to do about it.
 * @param timeout of the statement, ms
 */
export function explained(error: unknown, timeout: number): Error {
  const { code, message, errors } = error as Error & { code?: string; errors?: Error[] };
  const why = message || errors?.map((one) => one.message).join(', ') || code || String(error);
  return new Error(sayOf(code, why, timeout), { cause: error });
}

function sayOf(code: string | undefined, why: string, timeout: number): string {
  // On a busy machine the client gives up before the server's answer comes: people need the same advice then.
  if (code === '57014' || why === 'Query read timeout')
    return `Postgres took longer than ${timeout / 1_000} s for this: it is busy, or the state is large`;
  if (code === '42P01' || code === '42703')
    return `the schema is not set up, or not by this version: run tidemark setup`;
  return `Postgres does not answer: ${why}`;
}
