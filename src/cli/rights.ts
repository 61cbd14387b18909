import type { Logger } from 'pino';
import { kafkaClient } from '../kafka/client.ts';
import { ClusterLink } from '../kafka/cluster.ts';
import { type Right, rightsFor, type Use } from '../kafka/rights/declaration.ts';
import { lacking } from '../kafka/rights/lacking.ts';
import { isDenied, MissingRights } from '../kafka/rights/missing-rights.ts';
import { principalOf } from '../kafka/rights/principal.ts';
import { CannotGoOn, messageOf } from '../ports/errors.ts';
import type { Settings } from '../settings/index.ts';
import { wallClock } from '../time/clock.ts';
import { Failure } from './failure.ts';
import { retryWhileAway, type StartContext } from './preflight.ts';

/** Rights that were just granted may not be at every broker yet: how long they are asked for again, and how often, ms. */
const ON_ITS_WAY = 3_000;
const ASK_AGAIN = 500;

/**
 * Checks that this user has the rights that `run` cannot do without.
 * @throws CannotGoOn, with those that are missing and how they are granted.
 */
export async function checkRights(settings: Settings, starting: StartContext): Promise<void> {
  const { logger, signal } = starting;
  const link = new ClusterLink(kafkaClient(settings.kafka, logger), logger);
  try {
    for (const end = wallClock.elapsed() + ON_ITS_WAY; ; await wallClock.sleep(ASK_AGAIN, signal)) {
      signal.throwIfAborted();
      const missing = await retryWhileAway('Kafka', starting, () => missingFor('run', settings, link));
      const { needed } = byNeed(missing);
      if (needed.length === 0) return;
      if (wallClock.elapsed() > end) throw new CannotGoOn(missingRights(needed, settings).message);
    }
  } finally {
    await link.close();
  }
}

/** The rights that a use needs and this user lacks. @throws while the brokers are away */
export function missingFor(use: Use, settings: Settings, link: ClusterLink): Promise<Right[]> {
  return link.ask('the rights of this user', (cluster) => lacking(cluster, rightsFor(use, settings)));
}

/** @throws Failure with all rights that this user lacks for this use, before any of them is needed */
export async function mustHaveRights(use: Use, settings: Settings, link: ClusterLink): Promise<void> {
  const { needed } = byNeed(await missingFor(use, settings, link));
  if (needed.length > 0) throw new Failure(1, missingRights(needed, settings).message);
}

/** Splits rights into those that the work needs, and the others. */
export function byNeed(rights: readonly Right[]): { readonly needed: Right[]; readonly wanted: Right[] } {
  return {
    needed: rights.filter(({ without }) => without === null),
    wanted: rights.filter(({ without }) => without !== null),
  };
}

export function missingRights(rights: readonly Right[], { kafka }: Settings, options?: ErrorOptions): MissingRights {
  return new MissingRights(rights, principalOf(kafka), kafka.brokers, options);
}

/**
 * Does something with Kafka.
 * @throws Failure where the brokers refuse it because a right is missing, with all that this user lacks for this use.
 */
export async function withRights<T>(
  use: Use,
  settings: Settings,
  logger: Logger,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isDenied(error)) throw error;
    throw new Failure(1, await deniedText(error, use, settings, logger), { cause: error });
  }
}

/** Names the rights that are missing: the broker's error only says that one is. */
export async function deniedText(error: unknown, use: Use, settings: Settings, logger: Logger): Promise<string> {
  const link = new ClusterLink(kafkaClient(settings.kafka, logger), logger);
  try {
    const missing = await missingFor(use, settings, link);
    if (missing.length > 0) return missingRights(missing, settings).message;
  } catch (later) {
    logger.debug({ err: messageOf(later) }, 'the brokers did not tell the rights of this user');
  } finally {
    await link.close();
  }
  // It was granted meanwhile, or the brokers are away now, or too old to know.
  return `${messageOf(error)}: \`tidemark setup --print-grants --for ${use}\` tells what to grant`;
}
