import type { Socket } from 'node:net';
import type pg from 'pg';

/** Parts of a client that its types leave out. */
interface Inner {
  readonly connection: { readonly stream: Socket };
  readonly _activeQuery: object | null;
}

/** ms in which answers are read that came while this process stood still. */
const READ_FIRST = 250;

/**
 * Gives up a connection that owes an answer and has neither taken nor sent a byte for so long: its server is lost,
 * stands still, or waits for a standby that is gone. The query fails, as where the connection breaks.
 *
 * TCP itself would wait for a quarter of an hour, and its probes find nothing where the other side only stands still.
 *
 * @param ms that Postgres may be silent
 */
export function endIfSilent(client: pg.Client, ms: number): void {
  const inner = client as unknown as Inner;
  const { stream } = inner.connection;
  stream.setTimeout(ms);
  stream.on('timeout', () => {
    const before = stream.bytesRead;
    setTimeout(() => {
      if (inner._activeQuery === null || stream.bytesRead !== before) return;
      stream.destroy(new Error(`Postgres has been silent for ${ms / 1_000} s (database.answer_timeout): ${GIVEN_UP}`));
    }, READ_FIRST);
  });
}

const GIVEN_UP =
  'the connection is given up. Is the server, the network, or a synchronous standby that it waits for (pg_stat_replication) away?';
