import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import avsc from 'avsc';
import type { Registry } from '../wire/registry.ts';
import { TRACK_EVENT_SCHEMA } from '../wire/schemas.ts';
import type { Simulated } from './traffic.ts';

export type Encode = (record: Simulated) => Buffer | Promise<Buffer>;
type Middleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number];
type EncodeNow = (record: Simulated) => Buffer;

/**
 * Avro as other producers write it: by the client library of the registry, from the registry's schema. It shares no code with
 * our reader.
 * @param registry one that has answered: the library takes only one address, and gets that one.
 * @param schemaId the registry's id of `schemas/TrackEvent.avsc`.
 */
export function registryEncoder(registry: Registry, schemaId: number): Encode {
  const { host, agent } = registry.currentAccess();
  const login: Middleware = () => ({
    request: (request) => request.enhance({ headers: registry.currentAccess().headers }),
  });
  const client = new SchemaRegistry({ host, agent, middlewares: [login] });
  return (record) => ('broken' in record ? record.broken : client.encode(schemaId, record.event));
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
