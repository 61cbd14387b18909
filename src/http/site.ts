/** A site that is served beside health and metrics. */
export interface Site {
  /** Files by path, served without the token: they hold no data. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Answers by path, served as JSON to requests with the token. */
  readonly answers: ReadonlyMap<string, Answer>;
}

export interface Asset {
  readonly contentType: string;
  readonly body: Buffer;
  /** Changes with the body. */
  readonly tag: string;
}

/** @throws Problem if the caller can do something about it; any other error is a fault of ours, and logged. */
export type Answer = (query: Query) => Promise<unknown>;

/** Parameters by name; of several with one name, the first. */
export type Query = ReadonlyMap<string, string>;

/** An answer other than 200, with what to say. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: 400 | 404 | 503;

  constructor(status: Problem['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/**
 * The page's requests go only to the server that it came from, nothing that is written into the page can run or load, and no
 * other page can frame it. `form-action` is none because the page's own script reads the forms.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;
