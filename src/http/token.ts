import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an Authorization header bears the token; without a token everything is allowed. */
export function bearer(token: string | null): (authorization: string | undefined) => boolean {
  if (token === null) return () => true;
  const expected = digest(token);
  return (authorization) => {
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // Digests are of one length, so the comparison takes the same time whatever was given.
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
