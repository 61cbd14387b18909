import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/simulate/random.ts';
import { INTERNAL, type PartitionPlace } from '../control.ts';
import { CLUSTER } from './brokers.ts';
import { aimed, aimOf, type Make } from './fault.ts';

/** The partitions of a topic get along with two replicas for a while, then have three in another order. */
export const reassigned: Make = (random, ground) => {
  const { control, settings } = ground;
  const { input, output, deadLetter, late } = settings;
  const topic = random.pick([input.topic, output.topic, deadLetter.topic, late.topic, ...INTERNAL]);
  const [turn, pause] = [1 + random.below(2), random.between(0, 2_000)];
  return {
    kind: 'partitions reassigned',
    needs: [CLUSTER],
    run: async (tell) => {
      const whole = turned(await control.places(topic), turn);
      tell('partitions reassigned', topic, [], 'to two replicas, and back to three');
      await control.reassign(topic, new Map([...whole].map(([partition, ids]) => [partition, ids.slice(0, 2)])));
      await sleep(pause);
      await control.reassign(topic, whole);
      await control.inSync([topic]);
    },
  };
};

export const elected: Make = (random, ground) => {
  const aim = aimOf(random, ['transaction']);
  return {
    kind: 'preferred leaders elected',
    needs: [CLUSTER],
    run: async (tell) => {
      await aimed(ground.slots, aim, 0);
      tell('preferred leaders elected', 'all partitions', []);
      await ground.control.elect();
    },
  };
};

/** The leaders of one topic move to the brokers that lead another's: requests for both go to one broker from then on. */
export const gathered: Make = (random, ground) => {
  const { control, settings } = ground;
  const [from, to] = twoOf(random, [settings.output, settings.deadLetter, settings.late]);
  const aim = aimOf(random, ['transaction']);
  return {
    kind: "leaders moved onto another topic's",
    needs: [CLUSTER],
    run: async (tell) => {
      const [places, others] = await Promise.all([control.places(from.topic), control.places(to.topic)]);
      const wanted = places.map(({ partition, replicas }) => {
        const first = others[partition % others.length]!.leader;
        return [partition, [first, ...replicas.filter((id) => id !== first)]] as const;
      });
      await control.reassign(from.topic, new Map(wanted));
      await aimed(ground.slots, aim, 0);
      tell("leaders moved onto another topic's", `${from.topic} onto ${to.topic}`, []);
      await control.elect();
    },
  };
};

/** Replicas by partition, in the order that comes when the first goes to the end, so many times. */
function turned(places: readonly PartitionPlace[], turn: number): Map<number, readonly number[]> {
  return new Map(
    places.map(({ partition, replicas }) => [partition, [...replicas.slice(turn), ...replicas.slice(0, turn)]]),
  );
}

function twoOf<T>(random: Random, items: readonly T[]): [T, T] {
  const first = random.below(items.length);
  const second = (first + 1 + random.below(items.length - 1)) % items.length;
  return [items[first]!, items[second]!];
}
