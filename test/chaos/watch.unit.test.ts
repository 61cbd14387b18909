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

const named = (text: string) => {
  const length = Buffer.alloc(2);
  length.writeInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text), Buffer.alloc(900)]);
};

describe.each([1, 2, 7, 10_000])('in pieces of %d bytes', (length) => {
  test('a commit is under way from its fence until Postgres is ready', () => {
    const begun: Work[] = [];
    const watch = watchPostgres((work) => begun.push(work));
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
    const watch = watchKafka((work) => begun.push(work));
    for (const chunk of pieces(Buffer.concat([request(1, 1, named('x')), request(24, 2, named('a'))]), length))
      watch.up(chunk);
    for (const chunk of pieces(Buffer.concat([request(25, 3, named('a')), request(26, 4, named('a'))]), length))
      watch.up(chunk);
    const answer = (correlation: number) => Buffer.from([0, 0, 0, 6, 0, 0, 0, correlation, 9, 9]);
    for (const chunk of pieces(Buffer.concat([answer(2), answer(3)]), length)) watch.down(chunk);
    expect([...watch.underWay]).toEqual(['a']);
    for (const chunk of pieces(answer(4), length)) watch.down(chunk);
    expect(watch.underWay.size).toBe(0);
    expect(begun).toEqual(['transaction']);
  });
});
