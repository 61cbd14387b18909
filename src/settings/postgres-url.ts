/**
 * `postgres://user:password@host:port,host:port/database?name=value`, as libpq reads it. Node's URL takes no list of hosts,
 * and pg's own reader accepts any parameter, and gives some modes of TLS another meaning than libpq does.
 */

export interface PostgresUrl {
  /** In the order in which they are tried; an empty name is this machine. */
  readonly hosts: readonly { readonly name: string; readonly port: number }[];
  /** null: not given. */
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
  /** A parameter for which libpq knows only some values has one of them. */
  readonly parameters: Readonly<Partial<Record<Parameter, string>>>;
}

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];
export const SESSION_ATTRS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;
export type SessionAttrs = (typeof SESSION_ATTRS)[number];

const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

/** The parameters that are accepted, and the values of each; null: any. */
const PARAMETERS = {
  sslmode: SSL_MODES,
  sslrootcert: null,
  sslcert: null,
  sslkey: null,
  sslpassword: null,
  sslnegotiation: ['postgres', 'direct'],
  ssl_min_protocol_version: TLS_VERSIONS,
  ssl_max_protocol_version: TLS_VERSIONS,
  channel_binding: ['disable', 'prefer', 'require'],
  target_session_attrs: SESSION_ATTRS,
  load_balance_hosts: ['disable', 'random'],
  connect_timeout: /^\d{1,6}$/,
  passfile: null,
  application_name: null,
  options: null,
  client_encoding: ['utf8', 'UTF8', 'auto'],
  gssencmode: ['disable', 'prefer'],
} as const;
export type Parameter = keyof typeof PARAMETERS;

/** Parts of the address before the parameters, which may be among the parameters instead. */
const PARTS = ['host', 'port', 'user', 'password', 'dbname'] as const;

/** An address that is wrong. No message has a password in it. */
export class PostgresUrlError extends Error {
  override readonly name = 'PostgresUrlError';
}

/** An @ ends the login and is nowhere else: after another one would come the rest of a password with a / or ? in it. */
const SHAPE = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#@]*))?(?:\?([^#@]*))?$/i;

/** @throws PostgresUrlError */
export function parsePostgresUrl(url: string): PostgresUrl {
  const shape = SHAPE.exec(url.trim());
  if (shape === null) {
    throw new PostgresUrlError(
      'must be an address like postgres://user:password@host:port/database, with %40, %2F, %3F and %23 for @, /, ? and #' +
        ' in a password',
    );
  }
  const [, login = '', hosts = '', path = '', query = ''] = shape;
  const colon = login.indexOf(':');
  const [parts, parameters] = read(query);
  const password = colon < 0 ? '' : decoded(login.slice(colon + 1), 'the password');
  return {
    hosts: parts.host === undefined ? hostsOf(hosts, parts.port) : listed(parts.host, parts.port ?? ''),
    user: parts.user ?? (decoded(colon < 0 ? login : login.slice(0, colon), 'the user') || null),
    password: parts.password ?? (password || null),
    database: parts.dbname ?? (decoded(path, 'the database') || null),
    parameters,
  };
}

function read(query: string): [Partial<Record<(typeof PARTS)[number], string>>, Partial<Record<Parameter, string>>] {
  const parts: Record<string, string> = {};
  const parameters: Record<string, string> = {};
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const at = pair.indexOf('=');
    const name = decoded(at < 0 ? pair : pair.slice(0, at), 'a parameter');
    const value = decoded(at < 0 ? '' : pair.slice(at + 1), `parameter ${name}`);
    // pg's own reader needs this parameter to give modes the meaning that libpq does.
    if (name === 'uselibpqcompat') continue;
    // JDBC's form, which libpq accepts too.
    if (name === 'ssl' && value === 'true') parameters.sslmode = 'require';
    else if ((PARTS as readonly string[]).includes(name)) parts[name] = value;
    else parameters[name] = checked(name, value);
  }
  return [parts, parameters];
}

function checked(name: string, value: string): string {
  if (!Object.hasOwn(PARAMETERS, name)) {
    const known = [...Object.keys(PARAMETERS), ...PARTS].join(', ');
    const hint = /_timeout$/.test(name) ? `; settings of the server are given as options=-c%20${name}=…` : '';
    throw new PostgresUrlError(`has the parameter ${name}, which is none of ${known}${hint}`);
  }
  const values = PARAMETERS[name as Parameter];
  if (values === null) return value;
  if (values instanceof RegExp) {
    if (!values.test(value)) throw new PostgresUrlError(`has ${name}=${value}, which must be a number of seconds`);
  } else if (!(values as readonly string[]).includes(value)) {
    throw new PostgresUrlError(`has ${name}=${value}, which must be ${values.join(', ')}`);
  }
  return value;
}

/** `a:5432,[::1]:5433,c` */
function hostsOf(text: string, standard: string | undefined): PostgresUrl['hosts'] {
  return text.split(',').map((part) => {
    const found = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]*))(?::(\d*))?$/.exec(part);
    if (found === null) throw new PostgresUrlError(`has the host ${part}, which must be host:port`);
    return { name: found[1] ?? decoded(found[2]!, 'a host'), port: portOf(found[3] || standard || '') };
  });
}

/** `host=a,b&port=5432,5433`, or one port for all. */
function listed(hosts: string, ports: string): PostgresUrl['hosts'] {
  const names = hosts.split(',');
  const given = ports.split(',');
  if (given.length > 1 && given.length !== names.length) {
    throw new PostgresUrlError(
      `has ${names.length} hosts and ${given.length} ports: give one port, or one for each host`,
    );
  }
  return names.map((name, i) => ({ name, port: portOf(given[given.length > 1 ? i : 0]!) }));
}

function portOf(text: string): number {
  const port = text === '' ? 5432 : Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new PostgresUrlError(`has the port ${text}`);
  return port;
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PostgresUrlError(`has a % in ${what} that is not followed by two hexadecimal digits: write it as %25`);
  }
}
