/** What it ran on, in one line: figures of two machines are not to be compared. */
import { cpus, release, type as system, totalmem } from 'node:os';
import type { Ground } from '../run/ground.ts';

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly kafka: string;
}

export async function machineOf({ database, stack }: Ground): Promise<Machine> {
  const { rows } = await database.query<{ server_version: string }>('SHOW server_version');
  const [, kafka] =
    /kafka-(\d[\d.]*\d)/.exec(stack.kind === 'java' ? stack.jars : (process.env.TIDEMARK_KAFKA_JARS ?? '')) ?? [];
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${system()} ${release()}`,
    node: process.version,
    postgres: rows[0]!.server_version,
    kafka: kafka ?? 'unknown',
  };
}

export function machineLine({ cores, processor, memoryGb, system, node, postgres, kafka }: Machine): string {
  return `${cores} cores (${processor}), ${memoryGb} GB, ${system}; Node ${node}, Postgres ${postgres}, Kafka ${kafka}`;
}
