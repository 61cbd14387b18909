import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { asyncApiYaml } from '../../scripts/asyncapi.ts';
import type { DeadReason, Emission } from '../../src/core/changes.ts';
import type { OutMessage } from '../../src/ports/output.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { setAsideOf } from '../../src/set-aside/record.ts';
import { resendable } from '../../src/set-aside/resendable.ts';
import type { EnvelopeContext } from '../../src/wire/envelope.ts';
import { readRecordBody } from '../../src/wire/record-body.ts';
import { toOutMessage } from '../wire/support/messages.ts';

// ajv-formats is CommonJS; its types do not describe what an import of it gives.
const require = createRequire(import.meta.url);
const addFormats = require('ajv-formats') as (ajv: Ajv) => Ajv;
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Message {
  readonly headers: object;
  readonly payload: { readonly schema?: unknown };
}
const yaml = read('docs/asyncapi.yaml');
const document = parse(yaml) as {
  readonly channels: Readonly<Record<string, { readonly address: string; readonly messages: object }>>;
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
};
const { messages } = document.components;

/** All `$ref`s in a value. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : references(inner)));
}

function leadsSomewhere(reference: string): boolean {
  const path = reference.replace(/^#\//, '').split('/');
  return (
    path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document) !== undefined
  );
}

// -------------------------------------------------------------------------------- what is written, header by header

const LIMIT = { output: 1 << 20, 'dead-letter': 1 << 20, late: 1 << 20 };
const CONTEXT: EnvelopeContext = {
  ...{ topic: 'tracks', partition: 4, outputSchemaId: 1, maxBytes: LIMIT, severalPerRecord: true },
};
const received: RawRecord['headers'] = [['tidemark-received-at', Buffer.from('1767225600000')]];
const raw = {
  offset: 7,
  timestamp: 1_767_225_600_000,
  key: Buffer.from('s'),
  value: Buffer.alloc(4_000),
  headers: received,
};
const place = { sequence: 0, offset: 7, timestamp: raw.timestamp, index: 1, raw };
const visitId = '01930000-0000-8000-8000-000000000000';
const late: Emission<RawRecord> = { kind: 'late', error: 'frozen', visitId, ...place };
const dead = (reason: DeadReason): Emission<RawRecord> => ({ kind: 'dead-letter', reason, error: 'wrong', ...place });
const visit = {
  ...{
    eventId: 'e',
    visitId,
    sessionId: 's',
    profileId: null,
    sourceId: null,
    revision: 0,
    reason: 'explicit' as const,
  },
  ...{ retracted: false, mergedInto: null, startedAt: 1, endedAt: 2, decidedAt: 3, amendableUntil: 4, eventCount: 1 },
  ...{
    pageViewCount: 0,
    lateEventCount: 0,
    eventTypes: [],
    entryPage: null,
    exitPage: null,
    referrer: null,
    utm: null,
  },
  ...{ named: Array<null>(8).fill(null), debug: false, openedOffset: 0 },
};
const ended: Emission<RawRecord> = { kind: 'output', sequence: 0, message: visit };

const written = (emission: Emission<RawRecord>, maxBytes = LIMIT) => toOutMessage(emission, { ...CONTEXT, maxBytes });

/** A dead letter as `dead-letter retry` sends it to the input. */
function sentAgain(letter: OutMessage): Pick<OutMessage, 'headers'> {
  const asRead = { ...letter, offset: 0, timestamp: raw.timestamp };
  const input = { topic: 'tracks', format: 'avro', partitions: 6, maxBytes: 1 << 20 } as const;
  const sent = resendable(setAsideOf(0, asRead), input);
  if ('refused' in sent) throw new Error(sent.refused);
  return readRecordBody(sent.recordBody, 0, sent.recordBody.length);
}

const CASES: [string, string, Pick<OutMessage, 'headers'>][] = [
  ['a dead letter that is sent again', 'TrackEvent', sentAgain(written(dead('invalid')))],
  ['an output message', 'VisitEnded', written(ended)],
  ['a late record', 'LateEvent', written(late)],
  ['one past the horizon', 'LateEvent', written({ ...late, visitId: null })],
  ...(['undecodable', 'invalid', 'future', 'visit_full'] as const).map((reason): [string, string, OutMessage] => [
    `a dead letter: ${reason}`,
    'DeadLetter',
    written(dead(reason)),
  ]),
  ['one that did not fit', 'DeadLetter', written(dead('invalid'), { ...LIMIT, 'dead-letter': 4_000 })],
];

describe('docs/asyncapi.yaml', () => {
  test('is what schemas, settings and setup say; `node scripts/docs-asyncapi.mjs` writes it', async () => {
    expect(yaml).toBe(await asyncApiYaml());
  });

  test("is an AsyncAPI document by AsyncAPI's own schema", () => {
    const schema = require('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;
    // Its keywords are those of draft 7; what ajv calls strict it is not.
    const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
    const validate = ajv.compile(schema);
    validate(document);
    expect(validate.errors).toBeNull();
  });

  test('refers to nothing that is not there', () => {
    const all = references(document);
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter((reference) => !leadsSomewhere(reference))).toEqual([]);
  });

  test('the payloads are the schemas', () => {
    for (const name of ['TrackEvent', 'VisitEnded']) {
      expect(messages[name]!.payload.schema).toEqual(JSON.parse(read(`schemas/${name}.avsc`)));
    }
  });

  test.each(CASES)('%s has the headers that the document lists', (_, name, { headers }) => {
    const values = Object.fromEntries(headers.map(([header, value]) => [header, value.toString()]));
    const validate = addFormats(new Ajv()).compile({ ...messages[name]!.headers, additionalProperties: false });
    validate(values);
    expect(validate.errors).toBeNull();
  });

  test('every header that the document lists is written, or read', () => {
    const said = Object.values(messages).flatMap(({ headers }) =>
      Object.keys((headers as { properties: object }).properties),
    );
    const found = CASES.flatMap(([, , { headers }]) => headers.map(([header]) => header));
    expect([...new Set(said)].sort()).toEqual([...new Set(found)].sort());
  });

  test('docs/INTERFACES.md names the same headers and topics', () => {
    const section = /\n## Topics\n([\s\S]*?)\n## /.exec(read('docs/INTERFACES.md'))![1]!;
    const named = section.match(/`tidemark-[a-z-]+`/g)!.map((header) => header.slice(1, -1));
    const said = Object.values(messages).flatMap(({ headers }) =>
      Object.keys((headers as { properties: object }).properties),
    );
    expect([...new Set(named)].sort()).toEqual([...new Set(said)].sort());
    for (const { address } of Object.values(document.channels)) expect(section).toContain(`| \`${address}\``);
  });
});
