import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an Authorization header bears the token that holds now; without a token everything is allowed. */
export function bearer(readToken: () => string | null): (authorization: string | undefined) => boolean {
  return (authorization) => {
    const token = readToken();
    if (token === null) return true;
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // Digests are of one length, so the comparison takes the same time whatever was given.
    return given !== undefined && timingSafeEqual(digest(given), digest(token));
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
