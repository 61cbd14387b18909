// A process that takes a partition over and makes one commit, for tests that end it in the middle of that.
import { PostgresStore } from '../../../src/postgres/store.ts';
import { makeVisit, TestCommitter } from './builders.ts';

const [url, schema, partition] = process.argv.slice(2) as [string, string, string];
const store = new PostgresStore<string>({ url, schema });
const committer = new TestCommitter(await store.takeOver(Number(partition)));
const outbox = { first: 0, next: 1, payload: Buffer.from('message') };
await committer.commit([makeVisit(), makeVisit({ ended: true })], {}, { outbox });
console.log('committed');
await store.close();
