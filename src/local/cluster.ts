import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Access, tool, writeProperties } from './access.ts';
import { Authority, whyNoCertificates, writeStore } from './authority.ts';
import { brokerName, format, type NodePorts, startNode } from './cluster-node.ts';
import { Gate } from './gate.ts';
import { all, type StackBase, startOnBase, whyNotJava } from './java.ts';
import { freePorts } from './ports.ts';
import { databaseUrl, startPostgres } from './postgres.ts';
import { makePassword, makePasswords, PRINCIPALS } from './principals.ts';
import { registryUrl, startRegistry } from './registry.ts';
import { makeTokenKeys } from './tokens.ts';
import type { ClusterNode, ClusterStack, ExtraListener, Part, StackOptions } from './types.ts';

export interface ClusterOptions extends StackOptions {
  readonly listeners?: readonly ExtraListener[];
}

const NODES = [1, 2, 3];

/** What keeps this machine from running a cluster; null if nothing does. */
export async function whyNotCluster(env: NodeJS.ProcessEnv): Promise<string | null> {
  return (await whyNotJava(env)) ?? (await whyNoCertificates(env));
}

/** Starts three brokers, a registry and Postgres as processes of this machine, on free ports of 127.0.0.1. */
export async function startCluster(options: ClusterOptions): Promise<ClusterStack> {
  return await startOnBase(options, async (ground) => {
    const { context, keeper, jars } = ground;
    const [plain, behind, databasePort, ...rest] = (await freePorts(3 + 3 * NODES.length)) as [number, ...number[]];
    const ports = new Map(NODES.map((id) => [id, portsOf(rest.splice(0, 3))]));
    context.onProgress('starting three brokers, a schema registry and Postgres');
    const { authority, access } = await prepare(ground, ports, plain, databasePort!);
    const { passwords, tokens } = access;
    const formatted = format(context, jars.kafka, passwords);
    // Each node waits for it; until the first does, an error of it would be an unhandled rejection.
    formatted.catch(() => {});
    const nodeOptions = { jars: jars.kafka, formatted, authority, passwords, tokens, ports };
    const { kafka: settings = {}, listeners = [] } = options;
    const [registry, database, ...nodes] = await all([
      startRegistry(context, jars.registry, behind!),
      startDatabase(ground, databasePort!, authority),
      ...NODES.map((id) => startNode(context, id, { ...nodeOptions, settings, listeners })),
    ] as [Promise<Part>, Promise<Part>, ...Promise<Part>[]]);
    const gate = await openGate(access, authority, plain, behind!);
    return {
      kind: 'java',
      brokers: access.brokers,
      registryUrl: access.registry.url,
      databaseUrl: access.databaseUrl,
      jars: jars.kafka,
      java: context.java,
      broker: nodes[0]!,
      nodes: nodes.map((part, i) => asNode(part, NODES[i]!, access, authority, listeners)),
      registry,
      database,
      access,
      certify: (file) => authority.issue({ name: 'localhost', file }),
      describe: () =>
        `three Kafka brokers on ${access.brokers.join(', ')}, schema registry on 127.0.0.1:${plain}, Postgres on ` +
        `127.0.0.1:${databasePort}, under TLS and logins: processes of this machine, data in ${context.directory} ` +
        'until they stop',
      stop: async () => {
        await gate.close();
        await keeper.stop();
      },
    };
  });
}

function portsOf([client, mutual, controller]: readonly number[]): NodePorts {
  return { client: client!, mutual: mutual!, controller: controller! };
}

/** Makes the authority, and all that clients need to know. */
async function prepare(
  { context, jars, login }: StackBase,
  ports: ReadonlyMap<number, NodePorts>,
  registryPort: number,
  databasePort: number,
): Promise<{ authority: Authority; access: Access }> {
  const [certificates, clients] = ['certificates', 'clients'].map((name) => join(context.directory, name));
  await mkdir(certificates!);
  await mkdir(clients!);
  const authority = await Authority.make(certificates!, context.env);
  const passphrase = makePassword();
  const access: Access = {
    brokers: [...ports.values()].map(({ client }) => `127.0.0.1:${client}`),
    mutualBrokers: [...ports.values()].map(({ mutual }) => `127.0.0.1:${mutual}`),
    ca: authority.file,
    passwords: makePasswords(),
    tokens: await makeTokenKeys(certificates!),
    clientCertificate: { ...(await authority.issue({ name: 'tidemark', passphrase })), passphrase },
    registry: {
      url: registryUrl(registryPort).replace('http:', 'https:'),
      username: 'tidemark',
      password: makePassword(),
      token: makePassword(),
    },
    databaseUrl: databaseUrl(login, databasePort, { sslmode: 'verify-full', sslrootcert: authority.file }),
    clients: clients!,
    jars: jars.kafka,
    java: context.java,
  };
  for (const name of PRINCIPALS) await writeProperties(access, name);
  return { authority, access };
}

async function startDatabase(ground: StackBase, port: number, authority: Authority): Promise<Part> {
  const { context, programs, login, postgres } = ground;
  const certificate = await authority.issue({ name: 'localhost', file: 'postgres' });
  return await startPostgres(context, programs, port, login, postgres, certificate);
}

async function openGate(access: Access, authority: Authority, port: number, to: number): Promise<Gate> {
  const certificate = await authority.issue({ name: 'localhost', file: 'registry' });
  const { username, password, token } = access.registry;
  return await Gate.open({ port, to, certificate, ca: authority.file, username, password, token });
}

/** The part itself, and what only a node of a cluster has. */
function asNode(
  part: Part,
  id: number,
  access: Access,
  authority: Authority,
  listeners: readonly ExtraListener[],
): ClusterNode {
  const names = ['CLIENT', ...listeners.map(({ name }) => name)];
  let exchanges = 0;
  const exchangeCertificate = async (): Promise<void> => {
    const file = `${brokerName(id)}-${++exchanges}`;
    const certificate = await authority.issue({ name: brokerName(id), file });
    // Each certificate has a new file: a broker does not look whether a file that it has read has changed.
    const store = await writeStore(join(access.clients, '..', 'certificates', `${file}.store.pem`), certificate);
    const settings = names.flatMap((name) =>
      ['type=PEM', `location=${store}`].map((each) => `listener.name.${name.toLowerCase()}.ssl.keystore.${each}`),
    );
    const entity = ['--entity-type', 'brokers', '--entity-name', `${id}`];
    await tool(access, 'kafka.admin.ConfigCommand', '--alter', ...entity, '--add-config', settings.join(','));
  };
  return {
    id,
    address: access.brokers[id - 1]!,
    rack: `rack-${id}`,
    name: part.name,
    log: part.log,
    get pid() {
      return part.pid;
    },
    kill: (signal) => part.kill(signal),
    start: () => part.start(),
    exchangeCertificate,
  };
}
