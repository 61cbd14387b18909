import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Different ports on 127.0.0.1 on which nothing listens.
 *
 * They are below the range of the local ports of outgoing connections: otherwise a port that a part needs again after a restart
 * could be taken meanwhile by any client, or by one that, trying it over and over, connects to itself.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries > 1000) throw new Error('no free port between 20000 and 32000 on 127.0.0.1: end what holds them');
    const port = randomInt(20_000, 32_000);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
