import { BEGIN_ANEW, CannotGoOn } from '../ports/errors.ts';

/** Why the input is not folded on once it has another number of partitions than when the state was begun. */
export function otherPartitions(topic: string, partitions: number, begun: number): CannotGoOn {
  return new CannotGoOn(
    `topic ${topic} has ${partitions} partitions, and had ${begun} when the state was begun. ` +
      `Sessions now go to other partitions than before and would be cut in two: ${BEGIN_ANEW}`,
  );
}
