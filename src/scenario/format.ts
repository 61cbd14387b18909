/** Scenario files: one partition's log and the right answer. `docs` and the files in test/scenarios show the form. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DEFAULT_RULES, type Rules } from '../core/rules/rules.ts';
import { RECORD_KEYS, TEXT_FIELDS } from '../wire/context.gen.ts';

const ms = z.int();
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish();
const texts = (...keys: string[]) =>
  maybe(z.strictObject(Object.fromEntries(keys.map((key) => [key, maybe(z.string())]))));
const scalars = z.record(z.string(), z.union([z.null(), z.boolean(), z.number(), z.string()]));

/** The fields of `schemas/TrackEvent.avsc`; an absent one has its default. The fold checks the bounds. */
const event = z.strictObject({
  event_id: z.string(),
  session_id: z.string(),
  type: z.string(),
  occurred_at: ms,
  profile_id: maybe(z.string()),
  source_id: maybe(z.string()),
  sent_at: maybe(ms),
  received_at: maybe(ms),
  debug: z.boolean().optional(),
  context: maybe(
    z.strictObject({
      ...Object.fromEntries(Object.entries(RECORD_KEYS).map(([name, keys]) => [name, texts(...keys)])),
      ...Object.fromEntries(TEXT_FIELDS.map((name) => [name, maybe(z.string())])),
      extra: z.record(z.string(), z.string()).optional(),
    }),
  ),
  properties: scalars.optional(),
  traits: scalars.optional(),
});

const config = z.strictObject({
  gap_ms: ms,
  out_of_orderness_ms: ms,
  arrival_grace_ms: ms,
  allowed_lateness_ms: ms,
  max_duration_ms: ms,
  max_events: z.int(),
  max_age_ms: ms,
  future_tolerance_ms: ms,
  debug_session_ids: z.array(z.string()),
  ending_types: z.array(z.string()),
});

const plain = z.record(z.string(), z.json());

const scenario = z.strictObject({
  name: z.string(),
  config: config.partial().default({}),
  log: z.array(
    z.union([
      z.strictObject({ arrives: ms, stamped: z.boolean().optional(), event: event.nullable() }),
      z.strictObject({ now: ms }),
    ]),
  ),
  expect: z
    .strictObject({
      visits: z.array(plain),
      published: z.array(plain),
      profiles: z.array(plain),
      late: z.array(z.string()),
      dead: z.array(z.tuple([z.string().nullable(), z.string()])),
      duplicates: z.array(z.string()),
    })
    .partial(),
});

export type Scenario = z.infer<typeof scenario>;
export type ScenarioEvent = z.infer<typeof event>;

/** The file is no scenario: a mistake in the file, not a difference. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

/** @throws ScenarioError with what is wrong and where. */
export function readScenario(path: string): Scenario {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ScenarioError(`${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  return parseScenario(content, path);
}

export function parseScenario(content: unknown, path: string): Scenario {
  const parsed = scenario.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new ScenarioError(`${path} is no scenario file: ${parsed.error.issues.map(issueText).join('; ')}`);
}

function issueText(issue: z.core.$ZodIssue): string {
  // The form of a step that matched furthest is most likely the one that was meant, so its error is reported.
  if (issue.code === 'invalid_union') {
    const deepest = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0];
    if (deepest !== undefined) return issueText({ ...deepest, path: [...issue.path, ...deepest.path] });
  }
  return `${issue.path.join('.') || 'the file'}: ${issue.message}`;
}

export function rulesOfScenario({ config }: Scenario): Rules {
  return {
    ...DEFAULT_RULES,
    gap: config.gap_ms ?? DEFAULT_RULES.gap,
    outOfOrderness: config.out_of_orderness_ms ?? DEFAULT_RULES.outOfOrderness,
    arrivalGrace: config.arrival_grace_ms ?? DEFAULT_RULES.arrivalGrace,
    allowedLateness: config.allowed_lateness_ms ?? DEFAULT_RULES.allowedLateness,
    maxDuration: config.max_duration_ms ?? DEFAULT_RULES.maxDuration,
    maxEvents: config.max_events ?? DEFAULT_RULES.maxEvents,
    maxAge: config.max_age_ms ?? DEFAULT_RULES.maxAge,
    futureTolerance: config.future_tolerance_ms ?? DEFAULT_RULES.futureTolerance,
    debugSessionIds: new Set(config.debug_session_ids ?? DEFAULT_RULES.debugSessionIds),
    endingTypes: new Set(config.ending_types ?? DEFAULT_RULES.endingTypes),
  };
}
