import avsc from 'avsc';
import { TRACK_EVENT_SCHEMA } from '../wire/schemas.ts';
import type { Simulated } from './traffic.ts';

export type Encode = (record: Simulated) => Buffer;

/** Avro in the Confluent wire format. @param schemaId the registry's id of `schemas/TrackEvent.avsc`. */
export function avroEncoder(schemaId: number): Encode {
  const type = avsc.Type.forSchema(JSON.parse(TRACK_EVENT_SCHEMA) as avsc.Schema);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(schemaId, 1);
  return (record) => ('broken' in record ? record.broken : Buffer.concat([header, type.toBuffer(record.event)]));
}

/** The same record as JSON. */
export function jsonEncoder(): Encode {
  return (record) => ('broken' in record ? record.broken : Buffer.from(JSON.stringify(record.event)));
}
