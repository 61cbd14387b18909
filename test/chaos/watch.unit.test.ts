import { describe, expect, test } from '@jest/globals';
import { type Work, watchKafka, watchPostgres } from './watch.ts';

/** Given in pieces of every length, as a network may. */
function* pieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function typed(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function request(key: number, correlation: number, body: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head.writeInt16BE(key, 4);
  head.writeInt32BE(correlation, 8);
  head.writeInt16BE(2, 12);
  const message = Buffer.concat([head, Buffer.from('id'), body]);
  message.writeInt32BE(message.length - 4);
  return message;
}

const text = (value: string) => {
  const length = Buffer.alloc(2);
  length.writeInt16BE(value.length);
  return Buffer.concat([length, Buffer.from(value)]);
};
const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
/** A transactional id, a producer's id and epoch. */
const producer = (id: string) => Buffer.concat([text(id), Buffer.alloc(10, 7)]);
const named = (id: string) => Buffer.concat([producer(id), Buffer.alloc(3_000)]);
const ended = (id: string, commit: boolean) => Buffer.concat([producer(id), Buffer.from([commit ? 1 : 0])]);
/** Two partitions of each topic. */
const added = (id: string, topics: readonly string[]) =>
  Buffer.concat([
    producer(id),
    number(topics.length),
    ...topics.flatMap((topic) => [text(topic), number(2), number(0), number(1)]),
  ]);

describe.each([1, 2, 7, 10_000])('in pieces of %d bytes', (length) => {
  test('a commit is under way from its fence until Postgres is ready', () => {
    const begun: Work[] = [];
    const watch = watchPostgres(
      (work) => begun.push(work),
      () => {},
    );
    const startup = Buffer.from([0, 0, 0, 12, 0, 3, 0, 0, 0x42, 0, 0, 0]);
    const bind = (statement: string) => typed('B', Buffer.from(`\0${statement}\0${'x'.repeat(500)}`));
    for (const chunk of pieces(Buffer.concat([startup, bind('history'), typed('S', Buffer.alloc(0))]), length))
      watch.up(chunk);
    expect(watch.underWay.size).toBe(0);
    for (const chunk of pieces(Buffer.concat([bind('commit_fence'), bind('other')]), length)) watch.up(chunk);
    expect(watch.underWay.size).toBe(1);
    for (const chunk of pieces(typed('2', Buffer.alloc(0)), length)) watch.down(chunk);
    expect(watch.underWay.size).toBe(1);
    for (const chunk of pieces(typed('Z', Buffer.from('I')), length)) watch.down(chunk);
    expect([...watch.underWay]).toEqual([]);
    expect(begun).toEqual(['commit']);
  });

  test('a transaction is under way from what is added to it until its end is answered', () => {
    const begun: Work[] = [];
    const committed: number[] = [];
    const watch = watchKafka(
      (work) => begun.push(work),
      (topics) => committed.push(topics),
    );
    const up = (...requests: readonly Buffer[]) => {
      for (const chunk of pieces(Buffer.concat(requests), length)) watch.up(chunk);
    };
    const answered = (...correlations: readonly number[]) => {
      const answers = correlations.map((correlation) => Buffer.from([0, 0, 0, 6, 0, 0, 0, correlation, 9, 9]));
      for (const chunk of pieces(Buffer.concat(answers), length)) watch.down(chunk);
    };
    up(request(1, 1, named('x')), request(24, 2, added('a', ['visits', 'late'])));
    up(request(24, 3, added('a', ['visits'])), request(25, 4, named('a')), request(26, 5, ended('a', true)));
    answered(2, 3, 4);
    expect([...watch.underWay]).toEqual(['a']);
    expect(committed).toEqual([]);
    answered(5);
    expect(watch.underWay.size).toBe(0);
    up(request(24, 6, added('a', ['visits'])), request(26, 7, ended('a', false)));
    answered(6, 7);
    up(request(25, 8, named('a')), request(26, 9, ended('a', true)));
    answered(8, 9);
    expect(begun).toEqual(['transaction', 'transaction', 'transaction']);
    expect(committed).toEqual([2, 0]);
  });
});
