import { describe, expect, test } from '@jest/globals';
import { readFetchAnswer } from '../../src/kafka/fetch-answer.ts';
import { int } from './support/log-bytes.ts';

const NULL = int(4, -1);
const text = (value: string) => Buffer.concat([int(2, value.length), Buffer.from(value)]);

/** Written from the protocol's description of each version. */
function answerOf(version: number): Buffer {
  const partition = (id: number, error: number, aborted: Buffer, set: Buffer) =>
    Buffer.concat([
      int(4, id),
      int(2, error),
      int(8, 2 ** 40 + id),
      int(8, 77),
      ...(version >= 5 ? [int(8, 3)] : []),
      aborted,
      ...(version >= 11 ? [int(4, 2)] : []),
      set,
    ]);
  return Buffer.concat([
    int(4, 150),
    ...(version >= 7 ? [int(2, 0), int(4, 9)] : []),
    int(4, 1),
    text('topic'),
    int(4, 3),
    partition(0, 0, NULL, NULL),
    partition(5, 1, int(4, 0), int(4, 0)),
    partition(
      7,
      0,
      Buffer.concat([int(4, 1), int(8, 4_000), int(8, 12)]),
      Buffer.concat([int(4, 3), Buffer.from('abc')]),
    ),
  ]);
}

describe('the answer to a fetch', () => {
  test.each([4, 5, 6, 7, 8, 9, 10, 11])('of version %i is read to its last field', (version) => {
    const preferredReadReplica = version >= 11 ? 2 : -1;
    const none = { aborted: [], recordSet: Buffer.alloc(0), preferredReadReplica };
    expect(readFetchAnswer(answerOf(version), version)).toEqual({
      // Before version 8 the broker has waited by the time it answers.
      clientSideThrottleTime: version >= 8 ? 150 : 0,
      responses: [
        {
          topicName: 'topic',
          partitions: [
            { partition: 0, errorCode: 0, highWatermark: '1099511627776', ...none },
            { partition: 5, errorCode: 1, highWatermark: '1099511627781', ...none },
            {
              partition: 7,
              errorCode: 0,
              highWatermark: '1099511627783',
              preferredReadReplica,
              aborted: [{ producerId: 4_000, firstOffset: 12 }],
              recordSet: Buffer.from('abc'),
            },
          ],
        },
      ],
    });
  });

  test('that is cut off is refused', () => {
    const whole = answerOf(11);
    expect(() => readFetchAnswer(whole.subarray(0, 40), 11)).toThrow(/out of range/);
    expect(() => readFetchAnswer(whole.subarray(0, whole.length - 1), 11)).toThrow(/ends before/);
  });
});
