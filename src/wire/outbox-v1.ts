/**
 * The first layout of an outbox row, which a database may still hold: after the header, varints: sequence of the first
 * message, number of messages; then of each: topic, key, value, number of headers, and name and value of each header. A
 * length is written plus one; 0 is null.
 */
import { OUTPUT_TOPICS, type OutMessage } from '../processor/ports.ts';

export function readFirstVersion(body: Buffer, damaged: (why: string) => Error): OutMessage[] {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[at++];
      if (byte === undefined) throw damaged('it ends early');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const bytes = () => {
    const length = varint() - 1;
    if (length < 0) return null;
    if (at + length > body.length) throw damaged('it ends early');
    at += length;
    return body.subarray(at - length, at);
  };
  const first = varint();
  const messages: OutMessage[] = [];
  for (let i = 0, count = varint(); i < count; i += 1) {
    const topic = OUTPUT_TOPICS[varint()];
    if (topic === undefined) throw damaged('it names a topic that is not known');
    const key = bytes();
    const value = bytes();
    const headers: [string, Buffer][] = [];
    for (let left = varint(); left > 0; left -= 1) headers.push([String(bytes() ?? ''), bytes() ?? Buffer.alloc(0)]);
    messages.push({ topic, sequence: first + i, key, value, headers });
  }
  if (at !== body.length) throw damaged('bytes follow its last message');
  return messages;
}
