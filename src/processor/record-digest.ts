import { createHash } from 'node:crypto';
import type { RawRecord, RecordDigest } from '../ports/record.ts';

/** Distinguishes a record from any other at its offset: SHA-256 over timestamp, and key and value with their lengths. */
export function digestOf(record: RawRecord): RecordDigest {
  const hash = createHash('sha256').update(`${record.timestamp}\n`);
  for (const part of [record.key, record.value]) {
    hash.update(part === null ? '-\n' : `${part.length}\n`);
    if (part !== null) hash.update(part);
  }
  return { offset: record.offset, digest: hash.digest('hex') };
}
