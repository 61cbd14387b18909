import { describe, expect, test } from '@jest/globals';
import { paired } from '../../bench/measure/paired.ts';
import { descendants, listeningSockets, parseStat, type Stat } from '../../bench/measure/proc.ts';
import { phaseOf } from '../../bench/profile/phases.ts';
import { type CpuProfile, summaryOf } from '../../bench/profile/summary.ts';

describe('two that ran side by side', () => {
  test('are told apart by each pair, not by what the machine was like', () => {
    const { more, error } = paired([
      [10, 11],
      [20, 23],
      [5, 6],
    ]);
    // A tenth, fifteen hundredths, and a fifth.
    expect(more).toBeCloseTo(0.15);
    expect(error).toBeCloseTo(0.05 / Math.sqrt(3));
  });

  test('once: how sure that is cannot be told', () => {
    expect(paired([[8, 6]])).toEqual({ more: -0.25, error: null });
  });
});

describe('what the kernel tells', () => {
  test('of a process whose name holds anything', () => {
    const line = '4711 (a) b (c) S 17 4711 4711 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 8 0 100 0 0';
    expect(parseStat(line)).toEqual({ pid: 4711, name: 'a) b (c', parent: 17, own: 200, ended: 50 });
  });

  test('of the sockets that listen on a port, in either table', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:5BAD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0',
      '   1: 0100007F:5BAD 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0',
      '   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0',
      '   3: 00000000000000000000000001000000:5BAD 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 444 1 0',
    ].join('\n');
    expect(listeningSockets(table, 0x5bad)).toEqual(['socket:[111]', 'socket:[444]']);
    expect(listeningSockets(table, 80)).toEqual([]);
  });

  test('of a process and all that came of it, and nobody else', () => {
    const stat = (pid: number, parent: number): Stat => ({ pid, parent, name: '', own: 1, ended: 0 });
    const all = [stat(1, 0), stat(5, 3), stat(2, 1), stat(3, 2), stat(4, 1)];
    expect(descendants(2, all).map(({ pid }) => pid)).toEqual([2, 3, 5]);
    expect(descendants(9, all)).toEqual([]);
  });
});

describe('phases of a profile', () => {
  test.each([
    ['foldEvent', 'file:///x/dist/core/partition.js', 'fold'],
    ['read', 'file:///x/dist/wire/avro-reader.js', 'decode'],
    ['write', 'file:///x/dist/wire/visit-writer.js', 'encode'],
    ['row', 'file:///x/dist/postgres/copy.js', 'encode'],
    ['write', 'file:///x/dist/postgres/chunk-row.js', 'encode'],
    ['commit', 'file:///x/dist/postgres/commit.js', 'store'],
    ['narrow', 'file:///x/dist/postgres/narrowing.js', 'store'],
    ['parse', 'file:///x/node_modules/pg-protocol/dist/parser.js', 'store'],
    ['send', 'file:///x/dist/kafka/output-session.js', 'publish'],
    ['sendParts', 'file:///x/dist/kafka/kafkajs/one-batch.js', 'publish'],
    ['encode', 'file:///x/node_modules/kafkajs/src/protocol/requests/produce/v3/request.js', 'publish'],
    ['decode', 'file:///x/node_modules/kafkajs/src/protocol/recordBatch/record/v0/decoder.js', 'fetch'],
    ['take', 'file:///x/dist/kafka/flow.js', 'fetch'],
    ['(garbage collector)', '', 'gc'],
    ['utf8Slice', '', null],
  ])('%s of %s: %s', (name, url, phase) => {
    expect(phaseOf(name, url)).toBe(phase);
  });

  test('time goes to the function that ran, and to the phase of the nearest caller that has one', () => {
    const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
      id,
      callFrame: { functionName, url, lineNumber: 9 },
      children,
    });
    const profile: CpuProfile = {
      nodes: [
        node(1, '(root)', '', [2, 5, 6, 8]),
        node(2, 'loop', 'file:///x/dist/processor/epoch.js', [3]),
        node(3, 'fold', 'file:///x/dist/core/partition.js', [4, 7]),
        node(4, 'utf8Slice', ''),
        node(5, '(idle)', ''),
        node(6, '(garbage collector)', ''),
        node(7, 'onread', 'node:net'),
        node(8, 'onread', 'node:net'),
      ],
      samples: [2, 3, 4, 5, 6, 7, 8],
      timeDeltas: [1e6, 2e6, 3e6, 4e6, 5e6, 6e6, 7e6],
    };
    const { busy, phases, functions } = summaryOf([profile, profile]);
    expect(busy).toBe(48);
    expect(phases).toMatchObject({ other: 2, fold: 22, gc: 10, sockets: 14, decode: 0 });
    expect(functions.get('fold core/partition.js:10')).toBe(4);
    expect(functions.get('utf8Slice')).toBe(6);
  });
});
