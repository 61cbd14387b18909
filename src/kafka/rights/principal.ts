import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KafkaAddress } from '../client.ts';

/** Who neither logs in nor shows a certificate. */
export const ANONYMOUS = 'User:ANONYMOUS';

/**
 * What the brokers call whoever connects with these settings, as access control lists name it: `User:NAME`. null: not
 * known here, as where the brokers take the name out of a token.
 */
export function principalOf(kafka: Omit<KafkaAddress, 'brokers'>): string | null {
  const { sasl, tls, tlsCert } = kafka;
  if (sasl?.mechanism) return sasl.username === null ? null : `User:${sasl.username}`;
  if (!tls || !tlsCert) return ANONYMOUS;
  try {
    return `User:${subjectOf(new X509Certificate(readFileSync(tlsCert)))}`;
  } catch {
    // What is wrong with the file is said when it is used.
    return null;
  }
}

/** As the brokers write a subject unless they are told otherwise: the last part first, with commas. */
function subjectOf({ subject }: X509Certificate): string {
  return subject.split('\n').reverse().join(',');
}
