import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import avsc from 'avsc';
import type { Settings } from '../settings/index.ts';
import { TRACK_EVENT_SCHEMA } from '../wire/schemas.ts';
import type { Simulated } from './traffic.ts';

export type Encode = (record: Simulated) => Buffer | Promise<Buffer>;
type EncodeNow = (record: Simulated) => Buffer;

/**
 * Avro as other producers write it: by the client library of the registry, from the schema as the registry has it.
 * Nothing of what reads it here has a part in it.
 * @param schemaId the registry's id of `schemas/TrackEvent.avsc`.
 */
export function registryEncoder({ url, username, password }: Settings['registry'], schemaId: number): Encode {
  const auth = username !== null && password !== null ? { auth: { username, password } } : {};
  const registry = new SchemaRegistry({ host: url, ...auth });
  return (record) => ('broken' in record ? record.broken : registry.encode(schemaId, record.event));
}

/** Avro in the Confluent wire format, without a registry. @param schemaId the registry's id of `schemas/TrackEvent.avsc`. */
export function avroEncoder(schemaId: number): EncodeNow {
  const type = avsc.Type.forSchema(JSON.parse(TRACK_EVENT_SCHEMA) as avsc.Schema);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(schemaId, 1);
  return (record) => ('broken' in record ? record.broken : Buffer.concat([header, type.toBuffer(record.event)]));
}

/** The same record as JSON. */
export function jsonEncoder(): EncodeNow {
  return (record) => ('broken' in record ? record.broken : Buffer.from(JSON.stringify(record.event)));
}
