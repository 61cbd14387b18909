import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { readSecret } from '../secrets/secret.ts';
import type { Settings } from '../settings/index.ts';
import { hostCheck } from './rebinding.ts';
import { PAGE_HEADERS, Problem, type Query, type Site } from './site.ts';
import { tokenCheck } from './token.ts';

/** null: yes; else why not. */
export type ProbeAnswer = string | null;

export interface HttpParts {
  /** Whether the process should be left running: false only where it gave up. */
  readonly live: () => ProbeAnswer;
  /** Whether it has joined the group and taken over its partitions. Lag is no reason. */
  readonly ready: () => ProbeAnswer;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** The console. */
  readonly site?: Site;
  /** Address of the runbook; null: none is known. */
  readonly runbook?: string | null;
}

export interface HttpServer {
  /** Where it listens, like `http://127.0.0.1:9464`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Health, metrics and console, read-only.
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
export function httpApp(settings: Settings['http'], parts: HttpParts, logger: Logger): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  const open = new Set(['/livez', '/readyz', ...(parts.site?.assets.keys() ?? [])]);
  const isAllowed = tokenCheck(() =>
    readSecret({ setting: 'http.token', value: settings.token, file: settings.tokenFile }),
  );

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    if (open.has(request.routeOptions.url ?? '') || isAllowed(request.headers.authorization)) return;
    return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'a bearer token is needed' });
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'there is nothing here' }));
  app.setErrorHandler((error: Error, request, reply) => {
    if (error instanceof Problem) return reply.code(error.status).send({ error: error.message });
    // The log gets only the route: the rest of the address may have a person's id.
    logger.error({ err: error, path: request.routeOptions.url }, 'a request failed');
    return reply.code(500).send({ error: 'this failed; the log says why' });
  });

  /** An unreadable token file must not keep a probe from its answer. */
  const mayKnow = ({ headers }: FastifyRequest): boolean => {
    try {
      return isAllowed(headers.authorization);
    } catch (error) {
      logger.error({ err: error }, 'the token cannot be read: nobody is let in');
      return false;
    }
  };
  for (const [path, verdict] of [
    ['/livez', parts.live],
    ['/readyz', parts.ready],
  ] as const) {
    app.get(path, async (request, reply) => {
      const why = verdict();
      if (why === null) return { status: 'ok' };
      // A reason may name hosts, users and topics.
      const reason = mayKnow(request) ? why : 'the log says why, and so does this to who bears http.token';
      const runbook = parts.runbook ? { runbook: `${parts.runbook}#health` } : {};
      return reply.code(503).send({ status: 'no', reason, ...runbook });
    });
  }
  app.get('/metrics', async (_, reply) => {
    const text = await parts.metrics.text();
    return reply.header('content-type', parts.metrics.contentType).send(text);
  });
  if (parts.site !== undefined) addSite(app, parts.site, hostCheck(settings));
  return app;
}

/** Adds a route for each thing that is served, so that no path is parsed. */
function addSite(app: FastifyInstance, site: Site, wrongHost: ReturnType<typeof hostCheck>): void {
  const guard = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(PAGE_HEADERS);
    const wrong = wrongHost(request.headers.host);
    if (wrong !== null) return reply.code(403).send({ error: wrong });
  };
  for (const [path, { contentType, body, tag }] of site.assets) {
    app.get(path, { onRequest: guard }, async (request, reply) => {
      // Browsers have to ask again each time, so that a page never runs with a script of another version.
      reply.headers({ 'content-type': contentType, 'cache-control': 'no-cache', etag: tag });
      return request.headers['if-none-match'] === tag ? reply.code(304).send() : reply.send(body);
    });
  }
  for (const [path, answer] of site.answers) {
    app.get(path, { onRequest: guard }, async (request) => (await answer(queryOf(request))) ?? null);
  }
}

function queryOf({ query }: FastifyRequest): Query {
  const entries = Object.entries(query as Record<string, string | string[]>);
  return new Map(entries.map(([name, value]) => [name, Array.isArray(value) ? value[0]! : value]));
}
