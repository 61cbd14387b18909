/** What goes into the outbox, a message at a time. */
import type { Emission } from '../../../src/core/changes.ts';
import type { VisitEnded } from '../../../src/core/rules/visit-ended.ts';
import type { OutMessage, OutMessages } from '../../../src/ports/output.ts';
import type { RawRecord } from '../../../src/ports/record.ts';
import { type EnvelopeContext, Envelopes } from '../../../src/wire/envelope.ts';
import { decodeOutbox, encodeOutbox } from '../../../src/wire/outbox.ts';
import { VisitEndedWriter } from '../../../src/wire/visit-ended.gen.ts';

/** The value of a message of the output topic. */
export function encodeVisitEnded(message: VisitEnded, topic: string, partition: number, schemaId: number): Buffer {
  const writer = new VisitEndedWriter(topic, partition, schemaId);
  const buf = Buffer.alloc(writer.room(message));
  return buf.subarray(0, writer.write(buf, 0, message));
}

export function toOutMessages(emissions: readonly Emission<RawRecord>[], context: EnvelopeContext): OutMessage[] {
  const envelopes = new Envelopes(context);
  for (const emission of emissions) envelopes.add(emission);
  const row = envelopes.take();
  return row === null ? [] : [...decodeOutbox(row.payload)];
}

export function toOutMessage(emission: Emission<RawRecord>, context: EnvelopeContext): OutMessage {
  return toOutMessages([emission], context)[0]!;
}

/** Messages as a publisher hands them on. */
export function ready(messages: readonly OutMessage[]): OutMessages {
  return decodeOutbox(encodeOutbox(messages));
}
