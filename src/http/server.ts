import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Settings } from '../settings/index.ts';
import { bearer } from './token.ts';

/** null: yes; else why not. */
export type Verdict = string | null;

export interface HttpParts {
  /** Whether the process should be left running: false only where it gave up. */
  readonly live: () => Verdict;
  /** Whether it has joined the group and taken over what it was given. Lag is no reason. */
  readonly ready: () => Verdict;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
}

export interface HttpServer {
  /** Where it listens, like `http://127.0.0.1:9464`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Health and metrics, read-only.
 * @throws if the port is taken or the address is not this machine's.
 */
export async function startHttp(settings: Settings['http'], parts: HttpParts, logger: Logger): Promise<HttpServer> {
  const app = httpApp(settings, parts, logger);
  await app.listen({ port: settings.port, host: settings.host });
  const { port } = app.server.address() as { port: number };
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const url = `http://${host}:${port}`;
  logger.info({ url, port }, 'listening');
  return { url, port, close: () => app.close() };
}

/** The routes, without a port: tests send requests into it. */
export function httpApp({ token }: Settings['http'], parts: HttpParts, logger: Logger): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  const open = new Set(['/livez', '/readyz']);
  const isAllowed = bearer(token);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    if (open.has(request.routeOptions.url ?? '') || isAllowed(request.headers.authorization)) return;
    return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'a bearer token is needed' });
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'there is nothing here' }));
  app.setErrorHandler((error: Error, request, reply) => {
    logger.error({ err: error, path: request.url }, 'a request failed');
    return reply.code(500).send({ error: 'this failed; the log says why' });
  });

  for (const [path, verdict] of [
    ['/livez', parts.live],
    ['/readyz', parts.ready],
  ] as const) {
    app.get(path, async (_, reply) => {
      const why = verdict();
      return reply.code(why === null ? 200 : 503).send(why === null ? { status: 'ok' } : { status: 'no', reason: why });
    });
  }
  app.get('/metrics', async (_, reply) => {
    const text = await parts.metrics.text();
    return reply.header('content-type', parts.metrics.contentType).send(text);
  });
  return app;
}
