import type { Random } from '../../../src/simulate/random.ts';
import type { ChaosGround } from '../ground.ts';
import { certificatesExchanged, passwordChanged, rightTaken, topicChanged } from './access.ts';
import { brokerFrozen, brokerKilled, majorityKilled, rollingRestart } from './brokers.ts';
import { answersLost, cut, cutInLogin, frozen, registryAway, stalled } from './connections.ts';
import { postgresKilled, standbyGone, terminated } from './database.ts';
import type { Fault, Make } from './fault.ts';
import { elected, gathered, reassigned } from './places.ts';
import { deploy, FAILPOINTS, failpoint, killed, rebalances, stopped } from './processors.ts';

export type { Fault, Tell } from './fault.ts';

const WEIGHTS: readonly (readonly [Make, number])[] = [
  [killed, 4],
  [stopped('processor stopped and let go on', 300, 4_000), 2],
  [stopped('processor stopped, partitions lost', 12_000, 16_000), 1],
  ...FAILPOINTS.map((point) => [failpoint(point), 1] as const),
  [rebalances, 1],
  [deploy, 1],
  [postgresKilled, 2],
  [terminated, 2],
  [standbyGone, 1],
  [cut, 3],
  [stalled, 3],
  [frozen('database'), 2],
  [frozen('broker'), 2],
  [answersLost, 3],
  [cutInLogin, 2],
  [registryAway, 1],
  [brokerKilled('any broker'), 1],
  [brokerKilled('leader'), 2],
  [brokerKilled('group coordinator'), 1],
  [brokerKilled('transaction coordinator'), 1],
  [brokerKilled('controller'), 1],
  [brokerFrozen, 2],
  [rollingRestart, 1],
  [majorityKilled, 1],
  [reassigned, 2],
  [elected, 2],
  [gathered, 3],
  [rightTaken, 2],
  [passwordChanged, 1],
  [certificatesExchanged, 1],
  [topicChanged, 2],
];

/**
 * Endless; each kind comes as often as its weight in every round. The same seed gives the same faults.
 *
 * @param only words: of all these faults those alone whose kinds hold one; none: all
 */
export function* faults(random: Random, ground: ChaosGround, only: readonly string[] = []): Generator<Fault, never> {
  const isWanted = ({ kind }: Fault) => only.length === 0 || only.some((word) => kind.includes(word));
  for (let found = false; ; ) {
    const round = WEIGHTS.flatMap(([make, weight]) => Array.from({ length: weight }, () => make));
    for (let left = round.length; left > 0; left--) {
      const [make] = round.splice(random.below(left), 1) as [Make];
      const fault = make(random, ground);
      if (!isWanted(fault)) continue;
      found = true;
      yield fault;
    }
    if (!found) throw new Error(`no fault is called ${only.join(' or ')}`);
  }
}
