import { expect, test } from '@jest/globals';
import { quorumAnswer, quorumRequest } from './quorum.ts';

const TOPIC = Buffer.from('__cluster_metadata');
/** One topic with one partition, as compact lists begin. */
const [one, noTags] = [2, 0];
const text = Buffer.concat([Buffer.from([TOPIC.length + 1]), TOPIC]);

/** As brokers answer DescribeQuorum in version 0, with voters behind what is read. */
function answer(code: number, leader: number): Buffer {
  const numbers = Buffer.alloc(2 + 4 + 2 + 4);
  numbers.writeInt32BE(leader, 8);
  const head = Buffer.from([noTags, code >> 8, code, one]);
  return Buffer.concat([head, text, Buffer.from([one]), numbers.subarray(2), Buffer.from([0, 0, 0, 9, 1, 1, 0, 0, 0])]);
}

test('the controller is asked for with the one partition of the metadata', () => {
  const { buffer } = quorumRequest() as unknown as { readonly buffer: Buffer };
  expect(buffer).toEqual(
    Buffer.concat([Buffer.from([noTags, one]), text, Buffer.from([one, 0, 0, 0, 0, noTags, noTags, noTags])]),
  );
});

test('the answer tells the node; none is an error, as is a refusal', async () => {
  expect(await quorumAnswer(answer(0, 3))).toBe(3);
  await expect(quorumAnswer(answer(0, -1))).rejects.toThrow('no controller');
  await expect(quorumAnswer(answer(31, 3))).rejects.toThrow('code 31');
});
