/** Random visits with all that a visit may hold: whatever the fold can make, and more. */
import fc from 'fast-check';
import { Session } from '../../../src/core/memory/session.ts';
import { TypeCounts } from '../../../src/core/memory/type-counts.ts';
import { type Origin, restoreValues } from '../../../src/core/memory/values-with-origins.ts';
import { Visit } from '../../../src/core/memory/visit.ts';
import type { Json, Utm } from '../../../src/core/rules/event.ts';
import type { EndReason, Seal } from '../../../src/core/rules/span.ts';
import { NAMED_VALUES } from '../../../src/core/rules/values.ts';
import { idAt, T0 } from './builders.ts';

/** No NUL and no half of a surrogate pair: such texts are refused before the fold. */
const text = (maxLength: number) =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength }).map((value) => value.replaceAll('\0', '?'));

const id = fc.oneof(
  fc.uuid(),
  fc.uuid().map((value) => value.toUpperCase()),
  text(20),
);
const optionalText = fc.option(text(30));

const json: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 3 }).map((value) => cleaned(value as Json));

/** Texts as they are after decoding, keys included. */
function cleaned(value: Json): Json {
  const clean = (raw: string) => raw.toWellFormed().replaceAll('\0', '?');
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  if (Array.isArray(value)) return value.map(cleaned);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [clean(name), cleaned(each)]));
}

/** Records that are objects like any other. */
const plain = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;

/** Few times and ids, so that refs share them. */
function stamped<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Origin & { readonly value: T }> {
  const t = fc.oneof(fc.constantFrom(T0, T0 + 1, T0 - 86_400_000), fc.integer({ min: 0, max: T0 * 2 }));
  const eventId = fc.oneof(fc.constantFrom('e1', '0c9f9a52-7f3b-4a52-9b0e-0f4b8f1e2d3c'), id);
  return plain({ t, eventId, value });
}

const utm = fc
  .tuple(optionalText, optionalText, optionalText, optionalText, optionalText)
  .map((values) => values as unknown as Utm);

const key = fc.oneof(
  fc.constantFrom('page', 'utm', 'ip', 'user_agent', '__proto__', 'constructor', '10', '9', '', 'é'),
  text(10),
);

const count = fc.integer({ min: 0, max: 20_000 });

export const visits: fc.Arbitrary<Visit> = fc
  .record({
    // Few months, because each has to be made in the database: the first and a far one, and both sides of a border.
    openedAt: fc.oneof(
      fc.integer({ min: 0, max: 86_400_000 }),
      fc.integer({ min: Date.UTC(2024, 1, 29), max: Date.UTC(2024, 2, 2) }),
      fc.integer({ min: Date.UTC(9999, 11, 30), max: Date.UTC(9999, 11, 31, 23) }),
    ),
    sessionId: text(40),
    debug: fc.boolean(),
    openedOffset: fc.nat(),
    openedIndex: fc.nat(20),
    startedAt: fc.integer({ min: Date.UTC(2000, 0), max: T0 }),
    lasted: fc.nat(86_400_000),
    fields: fc.record({
      lastArrival: fc.integer({ min: 0, max: Date.UTC(9000, 0) }),
      eventCount: count,
      pageViewCount: count,
      lateEventCount: count,
      ended: fc.boolean(),
      published: fc.nat(5),
      reason: fc.option(fc.constantFrom<EndReason>('inactivity', 'explicit', 'max_duration', 'max_events')),
      seal: fc.option(fc.constantFrom<Seal>('explicit', 'max_duration', 'max_events')),
      endedWatermark: fc.option(fc.integer({ min: 0, max: T0 * 2 })),
      profile: fc.option(stamped(text(20))),
      source: fc.option(stamped(text(20))),
      entry: fc.option(stamped(plain({ page: text(40), referrer: optionalText }))),
      exit: fc.option(stamped(text(40))),
      utm: fc.option(stamped(utm)),
      named: fc.array(fc.option(stamped(text(20))), {
        minLength: NAMED_VALUES.length,
        maxLength: NAMED_VALUES.length,
      }),
      context: fc
        .uniqueArray(fc.tuple(key, stamped(json)), { selector: ([name]) => name, maxLength: 30 })
        .map((entries) => new Map(entries)),
      types: fc
        .uniqueArray(fc.tuple(text(20), fc.integer({ min: 1, max: 10_000 })), { selector: ([type]) => type })
        .map((entries) => new Map(entries)),
    }),
  })
  .map(({ openedAt, sessionId, debug, openedOffset, openedIndex, startedAt, lasted, fields }) => {
    const end = startedAt + lasted;
    const session = new Session<Visit>(sessionId, debug, false);
    const visit = new Visit(idAt(openedAt), session, openedOffset, openedIndex, startedAt, end, end);
    const { profile, source, entry, exit, utm, named, context, types, ...plainFields } = fields;
    restoreValues(visit, {
      profileId: profile?.value ?? null,
      sourceId: source?.value ?? null,
      entryPage: entry?.value.page ?? null,
      referrer: entry?.value.referrer ?? null,
      exitPage: exit?.value ?? null,
      utm: utm?.value ?? null,
      named: named.map((each) => each?.value ?? null),
      from: { profile, source, entry, exit, utm, named },
      context: [...context],
    });
    visit.types = TypeCounts.of(types);
    return Object.assign(visit, plainFields);
  });
