/** A local stack: a broker, a schema registry and a Postgres, wherever they come from. */
import type { Access } from './access.ts';
import type { Certificate } from './authority.ts';

export type StackKind = 'environment' | 'docker' | 'java' | 'memory';

export interface StackOptions {
  /** Three brokers with TLS, logins and rights, if the parts run on Java: a `ClusterStack`. */
  readonly cluster?: boolean;
  /** Throw, with what to install, if no real parts are possible. Also set by `TIDEMARK_STACK=required`. */
  readonly required?: boolean;
  /** Called with one line, without a line end, for each step that may take a while, and when a part dies. */
  readonly onProgress?: (line: string) => void;
  /** Postgres without fsync: for tests that do not crash it. */
  readonly fast?: boolean;
  /** Broker settings that override the stack's own, as in `server.properties`. Not used with kind `environment`. */
  readonly kafka?: Readonly<Record<string, string>>;
  /** Postgres settings that override the stack's own. Not used with kind `environment`. */
  readonly postgres?: Readonly<Record<string, string>>;
  /** Where addresses, `TIDEMARK_STACK`, `PATH` and the cache directory are read from: `process.env` unless given. */
  readonly env?: NodeJS.ProcessEnv;
}

/** One process of a stack of kind `java`, with what tests need to harm it. Port and data outlive a restart. */
export interface Part {
  readonly name: string;
  /** Id of the process that was started last. */
  readonly pid: number;
  /** File with all output of the part, across restarts. */
  readonly log: string;
  /** Ends the process and waits until it is gone. `SIGKILL` unless given. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after `kill`, on the same port and data, and waits until it answers. */
  start(): Promise<void>;
}

interface Addresses {
  readonly brokers: string[];
  readonly registryUrl: string;
  /** Owner of its database, superuser unless kind is `environment`. */
  readonly databaseUrl: string;
}

interface Common {
  /** One line for people: what runs where. */
  describe(): string;
  /** Ends all that was started and removes its data. May be called more than once. */
  stop(): Promise<void>;
}

export interface GivenStack extends Addresses, Common {
  readonly kind: 'environment' | 'docker';
}

export interface JavaStack extends Addresses, Common {
  readonly kind: 'java';
  /** Directory of the broker's jars: `java -cp '<jars>/*' org.apache.kafka.tools.consumer.ConsoleConsumer …`. */
  readonly jars: string;
  /** The `java` that runs them. */
  readonly java: string;
  readonly broker: Part;
  readonly registry: Part;
  readonly database: Part;
}

/** A node of a cluster, broker and controller in one. `start` waits until most nodes are up: start two at once. */
export interface ClusterNode extends Part {
  readonly id: number;
  /** Address for SASL clients, host:port. */
  readonly address: string;
  readonly rack: string;
  /** Gives it a new certificate with the same names, which clients see on new connections. It must be up. */
  exchangeCertificate(): Promise<void>;
}

/**
 * Three brokers with TLS, logins and rights; a registry behind TLS and a password; Postgres that takes TLS alone.
 * `brokers`, `registryUrl` and `databaseUrl` are as they would be set; `access` has what clients need besides. `broker` is
 * the first node, `registry` the server behind the gate.
 */
export interface ClusterStack extends JavaStack {
  readonly nodes: readonly ClusterNode[];
  readonly access: Access;
  /** A certificate of its authority for a proxy between clients and a part. @param file name; files of that name are replaced */
  certify(file: string): Promise<Certificate>;
}

/** Listeners of a cluster besides its own, with the same logins, for proxies in between. By node, in order of id. */
export interface ExtraListener {
  /** Capital letters and digits. */
  readonly name: string;
  readonly ports: readonly number[];
  /** Ports that clients get from the brokers. */
  readonly advertised: readonly number[];
}

/** There are no real parts: the caller has to use those in memory, and should pass `reason` on. */
export interface MemoryStack extends Common {
  readonly kind: 'memory';
  readonly reason: string;
}

export type RealStack = GivenStack | JavaStack | ClusterStack;
export type Stack = RealStack | MemoryStack;
