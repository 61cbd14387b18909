import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Answers } from '../../src/kafka/answers.ts';

/** Lengths around what is read at once while the length of an answer is not known, and far beyond. */
const length = fc.oneof(fc.nat(100), fc.integer({ min: 16_300, max: 16_500 }), fc.constant(70_000));

describe('answers of a broker', () => {
  test('come out one by one and whole, wherever the network cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(length, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }),
        (lengths, cuts) => {
          const sent = lengths.map((bytes, i) => {
            const answer = Buffer.alloc(4 + bytes, i + 1);
            answer.writeInt32BE(bytes);
            return answer;
          });
          const got: Buffer[] = [];
          const answers = new Answers((answer) => got.push(answer));
          const stream = Buffer.concat(sent);
          for (let at = 0, i = 0; at < stream.length; i += 1) {
            const { room } = answers;
            const copied = stream.copy(room, 0, at, at + cuts[i % cuts.length]!);
            if (copied === 0) throw new Error('no room');
            answers.arrived(copied);
            at += copied;
          }
          expect(got.map((answer) => answer.length)).toEqual(sent.map((answer) => answer.length));
          expect(Buffer.concat(got).equals(stream)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('that no broker gives are refused before memory is taken for them', () => {
    const answers = new Answers(() => {});
    const copied = Buffer.from('HTTP/1.1 400').copy(answers.room);
    expect(() => answers.arrived(copied)).toThrow('no Kafka broker');
  });
});
