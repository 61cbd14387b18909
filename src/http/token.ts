import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an Authorization header has the token that is valid now; if no token is set, every request is allowed. */
export function tokenCheck(readToken: () => string | null): (authorization: string | undefined) => boolean {
  return (authorization) => {
    const token = readToken();
    if (token === null) return true;
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // Digests have one length, so the comparison takes the same time for any header.
    return given !== undefined && timingSafeEqual(digest(given), digest(token));
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
