/** CPU of what runs beside the processor: Postgres with all its backends, and the broker. */
import { HAS_PROC, listenerOn, NO_PROC, treeCpu } from './proc.ts';

/** CPU seconds since some moment; null: it cannot be measured here. */
export interface PartsCpu {
  readonly postgres: number | null;
  readonly broker: number | null;
}

export class Meter {
  /** What cannot be measured, and why. */
  readonly missing: string[] = [];
  readonly #postgres: number | null;
  readonly #broker: number | null;

  /** @param brokers host:port of each; they are measured where the first is a process of this machine. */
  constructor(brokers: readonly string[], databaseUrl: string) {
    if (!HAS_PROC) this.missing.push(NO_PROC);
    const { hostname, port } = new URL(databaseUrl);
    this.#postgres = this.#find('Postgres', hostname, Number(port || 5432), 'postgres');
    const [host, kafkaPort] = brokers[0]!.split(':');
    this.#broker = this.#find('the broker', host!, Number(kafkaPort ?? 9092), 'java');
  }

  now(): PartsCpu {
    return { postgres: cpu(this.#postgres), broker: cpu(this.#broker) };
  }

  #find(what: string, host: string, port: number, program: string): number | null {
    if (!HAS_PROC) return null;
    const found = isHere(host) ? listenerOn(port) : null;
    if (found?.name === program) return found.pid;
    const why = found === null ? 'no process that may be seen listens there' : `what listens there is ${found.name}`;
    this.missing.push(`CPU of ${what} (${host}:${port}) is not measured: ${isHere(host) ? why : 'another machine'}`);
    return null;
  }
}

export function since(before: PartsCpu, now: PartsCpu): PartsCpu {
  const difference = (a: number | null, b: number | null) => (a === null || b === null ? null : b - a);
  return {
    postgres: difference(before.postgres, now.postgres),
    broker: difference(before.broker, now.broker),
  };
}

function cpu(pid: number | null): number | null {
  return pid === null ? null : treeCpu(pid);
}

function isHere(host: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]', '::1'].includes(host);
}
