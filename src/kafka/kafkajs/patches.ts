import { registerCodecs } from '../codecs.ts';
import { findBrokersInTime } from './brokers.ts';
import { watchConnections } from './connections.ts';
import { reportDeniedCoordinators } from './denied-coordinators.ts';
import { freshConnections } from './fresh-connections.ts';
import { judgeLogins } from './logins.ts';
import { patchConcat } from './one-buffer-sockets.ts';
import { quietTimers } from './timers.ts';

/**
 * Changes KafkaJS for the whole process. May be called any number of times: each patch replaces what it replaced
 * before.
 */
export function patchKafkaJS(): void {
  quietTimers();
  patchConcat();
  watchConnections();
  findBrokersInTime();
  freshConnections();
  registerCodecs();
  reportDeniedCoordinators();
  judgeLogins();
}
