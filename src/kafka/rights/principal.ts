import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KafkaAddress } from '../client.ts';

/** Who neither logs in nor shows a certificate. */
export const ANONYMOUS = 'User:ANONYMOUS';

/**
 * The name under which the brokers know a client with these settings, as access control lists have it: `User:NAME`.
 * null: not known here, as where the brokers take the name out of a token.
 */
export function principalOf(kafka: Omit<KafkaAddress, 'brokers'>): string | null {
  const { sasl, tls, tlsCert } = kafka;
  if (sasl?.mechanism) return sasl.username === null ? null : `User:${sasl.username}`;
  if (!tls || !tlsCert) return ANONYMOUS;
  try {
    return `User:${subjectOf(new X509Certificate(readFileSync(tlsCert)))}`;
  } catch {
    // The error of the file is reported when it is used.
    return null;
  }
}

/** As the brokers write a subject unless they are configured otherwise: the last part first, with commas. */
function subjectOf({ subject }: X509Certificate): string {
  return subject.split('\n').reverse().join(',');
}
