import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Ports on 127.0.0.1 that nobody listens on, each another one.
 *
 * Below the range from which systems take the near end of outgoing connections: a port that must be had again after a
 * restart would else be taken by any client meanwhile, or by a client that, trying it over and over, connects to itself.
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
