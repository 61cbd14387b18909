/**
 * How to connect to a cluster as one of its principals: plain data, which other processes can have as JSON, and the functions
 * that put it into the forms which clients need.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN, makePassword } from './principals.ts';
import { run } from './run.ts';
import type { TokenKeys } from './tokens.ts';

/** PEM files, and the passphrase of the key. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  readonly passphrase: string;
}

export interface Access {
  /** Listeners of SASL_SSL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER. */
  readonly brokers: string[];
  /** Listeners of SSL, where the client's certificate is its login. */
  readonly mutualBrokers: string[];
  /** PEM file of the authority that signed every certificate of the stack. */
  readonly ca: string;
  /** By principal. A password is the same for each mechanism until it is changed: then only SCRAM takes the new one. */
  readonly passwords: Record<string, string>;
  readonly tokens: TokenKeys;
  /** Its principal is `tidemark`, its key has a passphrase. The registry takes it too. */
  readonly clientCertificate: ClientCertificate;
  readonly registry: {
    readonly url: string;
    readonly username: string;
    readonly password: string;
    /** A bearer token that the registry takes in place of user and password. */
    readonly token: string;
  };
  /** `sslmode=verify-full` and `sslrootcert` in it. */
  readonly databaseUrl: string;
  /** Holds a properties file for each principal. */
  readonly clients: string;
  readonly jars: string;
  readonly java: string;
}

/** The settings `kafka.*` that a principal connects with. */
export function kafkaOf(access: Access, principal: string) {
  return {
    brokers: access.brokers,
    tls: true,
    tlsCa: access.ca,
    sasl: { mechanism: 'scram-sha-512' as const, username: principal, password: passwordOf(access, principal) },
  };
}

/** The variables that have tidemark use the cluster as a principal. */
export function environmentOf(access: Access, principal: string): Record<string, string> {
  const { registry } = access;
  const { brokers, tlsCa, sasl } = kafkaOf(access, principal);
  return {
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_TLS: 'true',
    KAFKA_TLS_CA: tlsCa,
    KAFKA_SASL_MECHANISM: sasl.mechanism,
    KAFKA_SASL_USERNAME: sasl.username,
    KAFKA_SASL_PASSWORD: sasl.password,
    SCHEMA_REGISTRY_URL: registry.url,
    SCHEMA_REGISTRY_USERNAME: registry.username,
    SCHEMA_REGISTRY_PASSWORD: registry.password,
    SCHEMA_REGISTRY_TLS_CA: access.ca,
    DATABASE_URL: access.databaseUrl,
  };
}

/** The file with which Kafka's own tools and Java clients connect as a principal (`--command-config`). */
export function propertiesOf(access: Pick<Access, 'clients'>, principal: string): string {
  return join(access.clients, `${principal}.properties`);
}

export async function writeProperties(access: Pick<Access, 'clients' | 'ca' | 'passwords'>, principal: string) {
  const login = `username="${principal}" password="${passwordOf(access, principal)}"`;
  const lines = [
    'security.protocol=SASL_SSL',
    'sasl.mechanism=SCRAM-SHA-512',
    `sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required ${login};`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${access.ca}`,
  ];
  await writeFile(propertiesOf(access, principal), `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** Runs one of the broker's tools as the admin, and gives its output: `tool(access, 'kafka.admin.ConfigCommand', …)`. */
export async function tool(access: Access, main: string, ...args: string[]): Promise<string> {
  const memory = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const connection = ['--bootstrap-server', access.brokers.join(','), '--command-config', propertiesOf(access, ADMIN)];
  const command = [...memory, '-cp', `${access.jars}/*`, main, ...connection, ...args];
  return await run(access.java, command, { env: process.env });
}

/**
 * Sets a principal's password for SCRAM. The brokers take the new one a moment after; open connections stay.
 * @returns the password, which the access and the properties file now have too.
 */
export async function setPassword(access: Access, principal: string, password = makePassword()): Promise<string> {
  const alter = ['--alter', '--entity-type', 'users', '--entity-name', principal, '--add-config'];
  // One mechanism at a time: the brokers refuse two passwords of a user in one request.
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    await tool(access, 'kafka.admin.ConfigCommand', ...alter, `${mechanism}=[password=${password}]`);
  }
  access.passwords[principal] = password;
  await writeProperties(access, principal);
  return password;
}

function passwordOf({ passwords }: Pick<Access, 'passwords'>, principal: string): string {
  const password = passwords[principal];
  if (password !== undefined) return password;
  throw new Error(`no principal ${principal}: there are ${Object.keys(passwords).join(', ')}`);
}
