import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { describeReal } from '../support/stack.ts';
import { makeVisit, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

const PROGRAM = fileURLToPath(new URL('./support/crash-committer.ts', import.meta.url));

describeReal('a processor that is killed', () => {
  const schema = testSchema();

  async function killedAt(failpoint: string, partition: number): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, schema.url, schema.schema, String(partition)], {
      env: { ...process.env, TIDEMARK_FAILPOINT: failpoint },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (data) => (said += data));
    child.stderr.on('data', (data) => (said += data));
    const [code, signal] = await once(child, 'close');
    expect({ code, signal, said }).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(said).toContain(`failpoint ${failpoint} reached`);
    expect(said).not.toContain('committed\n');
  }

  test('in the middle of COPY has written nothing, and its successor goes on from before', async () => {
    const partition = schema.nextPartition();
    await killedAt('store.copy', partition);
    const lease = await schema.store().takeOver(partition);
    expect(lease).toMatchObject({ started: false, open: [], outboxBytes: 0, state: { nextOffset: 0 } });
    await new TestCommitter(lease).commit([makeVisit()]);
    expect(await visits(partition)).toBe(1);
  });

  test('after the commit has written all of it, once, and its successor goes on from there', async () => {
    const partition = schema.nextPartition();
    await killedAt('store.committed', partition);
    const lease = await schema.store().takeOver(partition);
    expect(lease).toMatchObject({ started: true, outboxBytes: 7, state: { nextOffset: 1, sequence: 1 } });
    expect(lease.open).toHaveLength(1);
    expect(await visits(partition)).toBe(2);
  });

  async function visits(partition: number): Promise<unknown> {
    return (await schema.sql('SELECT count(*) FROM visits WHERE opened_partition = $1', [partition]))[0]!.count;
  }
});
