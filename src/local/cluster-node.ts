import { randomBytes } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, writeStore } from './authority.ts';
import { LOGGING, type PartContext, QUICK } from './kafka.ts';
import { startPart } from './part.ts';
import { ADMIN } from './principals.ts';
import { run } from './run.ts';
import { AUDIENCE, ISSUER, type TokenKeys } from './tokens.ts';
import type { ExtraListener, Part } from './types.ts';

/** Ports of one node. */
export interface NodePorts {
  /** For clients that log in by SASL. */
  readonly client: number;
  /** For clients and brokers whose certificate is their login. */
  readonly mutual: number;
  readonly controller: number;
}

/** What all nodes of a cluster have in common. */
export interface NodeOptions {
  readonly jars: string;
  /** The directory that `format` gives. */
  readonly formatted: Promise<string>;
  readonly authority: Authority;
  readonly passwords: Readonly<Record<string, string>>;
  readonly tokens: TokenKeys;
  /** By id, from 1. */
  readonly ports: ReadonlyMap<number, NodePorts>;
  /** Settings that override the cluster's own. */
  readonly settings: Readonly<Record<string, string>>;
  readonly listeners: readonly ExtraListener[];
}

/** Starts a node, broker and controller in one. It is up once most of the nodes are. */
export async function startNode(context: PartContext, id: number, options: NodeOptions): Promise<Part> {
  const home = join(context.directory, `kafka-${id}`);
  await mkdir(home);
  const certificate = await options.authority.issue({ name: brokerName(id) });
  const store = await writeStore(join(home, 'store.pem'), certificate);
  const file = join(home, 'server.properties');
  const all = { ...clusterProperties(home, store, id, options), ...options.settings };
  await writeFile(file, propertiesText(all), { mode: 0o600 });
  await layOut(join(home, 'data'), id, await options.formatted);
  return await startPart({
    ...context,
    name: `Kafka ${id}`,
    command: context.java,
    args: ['-Xmx400m', ...QUICK_START, ...allowed(options.tokens), ...LOGGING, '-cp', `${options.jars}/*`, MAIN, file],
    cwd: home,
    log: join(home, 'log'),
    endBy: 'KILL',
    isUp: (output) => output.includes('Kafka Server started'),
  });
}

const MAIN = 'kafka.Kafka';
/** Only Java's first compiler runs, which halves the CPU of starting. */
const QUICK_START = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Makes the data that every node begins with, which includes the users of SCRAM. @returns its directory. */
export async function format(context: PartContext, jars: string, passwords: NodeOptions['passwords']): Promise<string> {
  const home = join(context.directory, 'formatted');
  await mkdir(home);
  const file = join(home, 'server.properties');
  const data = join(home, 'data');
  await writeFile(file, propertiesText({ ...ROLES, 'node.id': '1', 'log.dirs': data, ...FORMAT_ONLY }));
  const users = Object.entries(passwords).flatMap(([name, password]) =>
    SCRAM.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
  );
  const command = ['-cp', `${jars}/*`, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', file, ...users];
  await run(context.java, [...QUICK_START, ...command], { env: context.env, cwd: home });
  return data;
}

const ROLES = { 'process.roles': 'broker,controller', 'controller.listener.names': 'CONTROLLER' };
/** The tool requires these settings, and does not use them. */
const FORMAT_ONLY = {
  listeners: 'PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2',
  'controller.quorum.voters': '1@127.0.0.1:2',
};

/** Writes a node's data as the tool would format it. The tool runs once and not for each node: Java takes seconds for it. */
async function layOut(data: string, id: number, formatted: string): Promise<void> {
  await cp(formatted, data, { recursive: true });
  const directory = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const meta = { version: '1', 'cluster.id': CLUSTER, 'node.id': `${id}`, 'directory.id': directory };
  await writeFile(join(data, 'meta.properties'), propertiesText(meta));
}

function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Any id does: a data directory belongs to one stack. */
const CLUSTER = 'dGlkZW1hcmstbG9jYWwtMw';
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** Common name of a node's certificate, and its principal. */
export function brokerName(id: number): string {
  return `broker-${id}`;
}

/** A broker reads keys for tokens only from files that its command line allows. */
function allowed({ jwks }: TokenKeys): string[] {
  return [
    `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${jwks}`,
    `-Dorg.apache.kafka.sasl.oauthbearer.allowed.files=${jwks}`,
  ];
}

function clusterProperties(home: string, store: string, id: number, options: NodeOptions): Record<string, string> {
  const { authority, ports, passwords, listeners } = options;
  const { client, mutual, controller } = ports.get(id)!;
  const own = [`CLIENT://127.0.0.1:${client}`, `MUTUAL://127.0.0.1:${mutual}`];
  const extra = listeners.map(({ name, ports: at }) => `${name}://127.0.0.1:${at[id - 1]}`);
  const seen = listeners.map(({ name, advertised }) => `${name}://127.0.0.1:${advertised[id - 1]}`);
  const clients = ['CLIENT', ...listeners.map(({ name }) => name)];
  const protocols = [...clients.map((name) => `${name}:SASL_SSL`), 'MUTUAL:SSL', 'CONTROLLER:SSL'];
  const supers = [ADMIN, ...[...ports.keys()].map(brokerName)];
  return {
    ...ROLES,
    'node.id': `${id}`,
    'broker.rack': `rack-${id}`,
    'controller.quorum.voters': [...ports].map(([node, at]) => `${node}@127.0.0.1:${at.controller}`).join(','),
    listeners: [...own, ...extra, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': [...own, ...seen].join(','),
    'listener.security.protocol.map': protocols.join(','),
    'inter.broker.listener.name': 'MUTUAL',
    'log.dirs': join(home, 'data'),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': store,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority.file,
    'ssl.client.auth': 'required',
    'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    'super.users': supers.map((name) => `User:${name}`).join(';'),
    ...Object.assign({}, ...clients.map((name) => sasl(`listener.name.${name.toLowerCase()}`, passwords))),
    'sasl.oauthbearer.jwks.endpoint.url': `file://${options.tokens.jwks}`,
    'sasl.oauthbearer.expected.issuer': ISSUER,
    'sasl.oauthbearer.expected.audience': AUDIENCE,
    ...THREE_BROKERS,
  };
}

/** Settings of the logins at a listener: PLAIN's users are in them, SCRAM's in the brokers' own log. */
function sasl(listener: string, passwords: Readonly<Record<string, string>>): Record<string, string> {
  const module = 'org.apache.kafka.common.security';
  const users = Object.entries(passwords).map(([name, password]) => `user_${name}="${password}"`);
  return {
    [`${listener}.ssl.client.auth`]: 'requested',
    [`${listener}.sasl.enabled.mechanisms`]: [...SCRAM, 'PLAIN', 'OAUTHBEARER'].join(','),
    [`${listener}.scram-sha-256.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
    [`${listener}.scram-sha-512.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
    [`${listener}.plain.sasl.jaas.config`]: `${module}.plain.PlainLoginModule required ${users.join(' ')};`,
    [`${listener}.oauthbearer.sasl.jaas.config`]: `${module}.oauthbearer.OAuthBearerLoginModule required;`,
    [`${listener}.oauthbearer.sasl.server.callback.handler.class`]: `${module}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
  };
}

/** Settings as in production, but a cluster is quicker to see that a broker is gone, so that tests need not wait as long. */
const THREE_BROKERS: Readonly<Record<string, string>> = {
  ...QUICK,
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'share.coordinator.state.topic.replication.factor': '3',
  'share.coordinator.state.topic.min.isr': '2',
  'unclean.leader.election.enable': 'false',
  'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
  // 9 s and 2 s unless set: how long a broker that was killed or stands still keeps its leaderships.
  'broker.session.timeout.ms': '5000',
  'broker.heartbeat.interval.ms': '1000',
  // 30 s unless set: how long a write waits for a replica that fetches no more.
  'replica.lag.time.max.ms': '6000',
};
