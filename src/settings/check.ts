import { checkKafka } from './check-kafka.ts';
import type { Settings } from './settings.ts';
import { formatDuration } from './types.ts';

/** Settings that exclude each other, and those that do not but deserve a warning. */
export function check(settings: Settings): { problems: string[]; warnings: string[] } {
  const problems: string[] = [];
  const warnings: string[] = [];
  const { kafka, registry, visit, input, output, http } = settings;

  const least = visit.allowedLateness + visit.gap;
  if (visit.maxAge < least) {
    problems.push(
      `visit.max_age is ${formatDuration(visit.maxAge)}, but must be at least visit.allowed_lateness + visit.gap ` +
        `(${formatDuration(least)}): raise it, or lower one of them`,
    );
  }

  const topics = new Map<string, string>();
  for (const [key, name] of [
    ['input.topic', input.topic],
    ['output.topic', output.topic],
    ['dead_letter.topic', settings.deadLetter.topic],
    ['late.topic', settings.late.topic],
  ] as const) {
    const other = topics.get(name);
    if (other !== undefined) problems.push(`${key} and ${other} are the same topic, ${name}: give each its own`);
    topics.set(name, key);
    if (name.length > 249)
      problems.push(`${key} is ${name.length} characters long, a topic's name at most 249: set it`);
  }

  problems.push(...checkKafka(kafka));
  if ((registry.username === null) !== (registry.password === null)) {
    problems.push('registry.username and registry.password belong together: set both, or neither');
  }
  if (registry.token !== null && registry.username !== null) {
    problems.push('registry.token and registry.username are both set: one of them lets us in, unset the other');
  }
  if ((registry.tlsCert === null) !== (registry.tlsKey === null)) {
    problems.push('registry.tls_cert and registry.tls_key belong together: set both, or neither');
  }
  const isSecure = registry.url.some((address) => /^https:/i.test(address));
  for (const key of ['tls_ca', 'tls_cert'] as const) {
    const set = (key === 'tls_ca' ? registry.tlsCa : registry.tlsCert) !== null;
    if (set && !isSecure) problems.push(`registry.${key} is set, but registry.url is not https: correct the latter`);
  }

  const { mechanism, tokenUrl } = kafka.sasl;
  if (mechanism !== null && !mechanism.startsWith('scram') && !kafka.tls) {
    const what = mechanism === 'plain' ? 'password' : 'token';
    warnings.push(`kafka.sasl.mechanism is ${mechanism} without kafka.tls: the ${what} crosses the network as it is`);
  }
  if (tokenUrl?.startsWith('http:') && !isLoopback(new URL(tokenUrl).hostname)) {
    warnings.push('kafka.sasl.token_url is no https address: kafka.sasl.client_secret crosses the network as it is');
  }
  const inTheOpen = registry.url.map((address) => new URL(address)).find((address) => tellsSecret(address, registry));
  if (inTheOpen !== undefined) {
    const what = registry.token === null ? 'password' : 'token';
    warnings.push(`registry.url has http://${inTheOpen.host}: the ${what} crosses the network as it is; use https`);
  }
  if (!isLoopback(http.host) && http.token === null) {
    warnings.push(
      `http.host is ${http.host} without http.token: whoever reaches the port can read metrics and console`,
    );
  }
  if (input.timestamps === 'create') {
    warnings.push(
      'input.timestamps is create: one record dated ahead moves the arrival clock for good' +
        (visit.anticipates ? '' : '; visits end only as records arrive, since visit.clock_margin is not set'),
    );
  }
  return { problems, warnings };
}

/** Whether our login can be read on the network on the way to a registry. */
function tellsSecret(address: URL, { username, token }: Settings['registry']): boolean {
  const hasSecret = username !== null || token !== null || address.password !== '';
  return hasSecret && address.protocol === 'http:' && !isLoopback(address.hostname);
}

/** @param host may be an IPv6 address in brackets, as in a URL. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
