import { z } from 'zod';
import { parsePostgresUrl } from './postgres-url.ts';

/**
 * The type of a setting's value. `schema` reads it from YAML (typed) or from the environment and flags (always text);
 * `format` writes it in a form that can be read again.
 */
export interface Type<T> {
  /** One or two words for the docs. */
  readonly name: string;
  readonly schema: z.ZodType<T>;
  /**
   * What `schema` accepts, as far as JSON Schema can express it, for editors. It may accept more than `schema` (it cannot
   * express bounds of what is written as text), and never less: an editor must not warn of what is accepted.
   */
  readonly json: JsonSchema;
  format(value: T): string;
}

/** Keywords of JSON Schema, draft 7. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZES = { B: 1, KB: 1 << 10, MB: 1 << 20, GB: 1 << 30 } as const;

export const text: Type<string> = {
  name: 'text',
  schema: z.string('must be text').min(1, 'must not be empty'),
  json: { type: 'string', minLength: 1 },
  format: (value) => value,
};

/** Path of a file, from the working directory unless it is absolute. */
export const file: Type<string> = { ...text, name: 'file' };

/** Text that has to match a pattern. @param otherwise the error if it does not. */
export function matching(name: string, pattern: RegExp, otherwise: string): Type<string> {
  return {
    name,
    schema: z.string(otherwise).regex(pattern, otherwise),
    json: { type: 'string', pattern: pattern.source },
    format: (value) => value,
  };
}

/** Text of 1 to `max` bytes without NUL: what an event may carry as a type or an id. */
export function bounded(name: string, max: number): Type<string> {
  const otherwise = `must be ${name} of 1 to ${max} bytes without NUL`;
  return {
    name: 'text',
    schema: z
      .string(otherwise)
      .refine((value) => value !== '' && !value.includes('\0') && Buffer.byteLength(value) <= max, otherwise),
    json: { type: 'string', minLength: 1, maxLength: max },
    format: (value) => value,
  };
}

export function url(protocols: readonly string[]): Type<string> {
  const otherwise = `must be an address like ${protocols[0]}//host:port`;
  return {
    name: 'URL',
    schema: z.string(otherwise).refine((value) => {
      const parsed = URL.canParse(value) ? new URL(value) : null;
      return parsed !== null && protocols.includes(parsed.protocol);
    }, otherwise),
    json: { type: 'string', pattern: `^\\s*(${protocols.map(inAnyCase).join('|')})` },
    format: (value) => value,
  };
}

export const postgresUrl: Type<string> = {
  name: 'URL',
  schema: z.string('must be an address').transform((value, context) => {
    try {
      parsePostgresUrl(value);
      return value.trim();
    } catch (error) {
      context.addIssue((error as Error).message);
      return z.NEVER;
    }
  }),
  json: { type: 'string', pattern: `^\\s*(${['postgres:', 'postgresql:'].map(inAnyCase).join('|')})` },
  format: (value) => value,
};

export const boolean: Type<boolean> = {
  name: 'boolean',
  schema: z
    .union([z.boolean(), z.string().regex(/^(true|false|1|0)$/i, 'must be true or false')], 'must be true or false')
    .transform((value) => value === true || /^(true|1)$/i.test(String(value))),
  json: {
    anyOf: [{ type: 'boolean' }, { type: 'string', pattern: `^(${inAnyCase('true')}|${inAnyCase('false')}|1|0)$` }],
  },
  format: String,
};

export function integer(min: number, max: number): Type<number> {
  const otherwise = `must be a whole number from ${min} to ${max}`;
  return {
    name: 'number',
    schema: z
      .union([z.number(), z.string().regex(/^\d+$/, otherwise)], otherwise)
      .transform(Number)
      .refine((value) => Number.isInteger(value) && value >= min && value <= max, otherwise),
    json: {
      anyOf: [
        { type: 'integer', minimum: min, maximum: max },
        { type: 'string', pattern: '^\\d+$' },
      ],
    },
    format: String,
  };
}

const DURATION = /^(0|\d+(\.\d+)?(ms|s|m|h|d))$/;

/** ms; bounds included. */
export function duration(min: number, max: number): Type<number> {
  const otherwise = 'must be a number and a unit, like 500ms, 10s, 30m, 24h or 30d';
  return {
    name: 'duration',
    schema: z
      .union([z.literal(0), z.string().regex(DURATION, otherwise)], otherwise)
      .transform(milliseconds)
      .refine(Number.isInteger, 'must be a whole number of milliseconds')
      .refine((value) => value >= min && value <= max, `must be from ${formatDuration(min)} to ${formatDuration(max)}`),
    json: { anyOf: [{ type: 'string', pattern: DURATION.source }, ...(min === 0 ? [{ const: 0 }] : [])] },
    format: formatDuration,
  };
}

function milliseconds(value: string | number): number {
  const parts = /^([\d.]+)([a-z]+)$/.exec(String(value));
  if (parts === null) return 0;
  // 0.1 s is 100 ms, whatever binary fractions make of it.
  const exact = Number(parts[1]) * UNITS[parts[2] as keyof typeof UNITS];
  return Math.abs(exact - Math.round(exact)) < 1e-6 ? Math.round(exact) : exact;
}

/** A duration in the largest unit that needs no fraction. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    // People write 24h and 60s rather than 1d and 1m.
    if (ms % UNITS[unit] === 0 && (unit === 's' || ms / UNITS[unit] > 1)) return `${ms / UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

const BYTES = /^\d+(\.\d+)?([KkMmGg]?[Bb])$/;

/** A size in bytes, with units in powers of 1,024 as in Postgres; bounds included. */
export function bytes(min: number, max: number): Type<number> {
  const otherwise = 'must be a number and a unit, like 512KB, 8MB or 1GB';
  return {
    name: 'bytes',
    schema: z
      .string(otherwise)
      .regex(BYTES, otherwise)
      .transform((value) => {
        const [, number, unit] = /^([\d.]+)([a-z]+)$/i.exec(value)!;
        return Math.round(Number(number) * SIZES[unit!.toUpperCase() as keyof typeof SIZES]);
      })
      .refine((value) => value >= min && value <= max, `must be from ${formatBytes(min)} to ${formatBytes(max)}`),
    json: { type: 'string', pattern: BYTES.source },
    format: formatBytes,
  };
}

export function formatBytes(value: number): string {
  for (const unit of ['GB', 'MB', 'KB'] as const) {
    if (value > 0 && value % SIZES[unit] === 0) return `${value / SIZES[unit]}${unit}`;
  }
  return `${value}B`;
}

/** One of these words, in small letters or capitals: Kafka's own files write `PLAIN`. */
export function oneOf<const V extends string>(...values: V[]): Type<V> {
  const otherwise = `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return {
    name: values.map((value) => `\`${value}\``).join(', '),
    schema: z.string(otherwise).toLowerCase().pipe(z.enum(values, otherwise)) as unknown as z.ZodType<V>,
    // Editors offer the first form.
    json: { anyOf: [{ enum: values }, { type: 'string', pattern: `^(${values.map(inAnyCase).join('|')})$` }] },
    format: (value) => value,
  };
}

/** A list; as text, items separated by commas, or JSON (which an item with a comma needs). */
export function list(item: Type<string>, min = 0): Type<readonly string[]> {
  const otherwise = 'must be a list, or text with commas between its items';
  return {
    name: 'list',
    schema: z
      .union([z.string(), z.array(z.string(otherwise))], otherwise)
      .transform((value, context) => {
        if (typeof value !== 'string') return value;
        if (value === '') return [];
        if (!value.startsWith('[')) return value.split(',').map((part) => part.trim());
        try {
          return JSON.parse(value) as unknown;
        } catch {
          context.addIssue('begins with [ but is not a JSON list');
          return z.NEVER;
        }
      })
      .pipe(z.array(item.schema, otherwise).min(min, 'must not be empty'))
      .transform((value) => [...new Set(value)]),
    json: { anyOf: [{ type: 'array', items: item.json, minItems: min }, { type: 'string' }] },
    format: (value) => (value.some((part) => part.includes(',')) ? JSON.stringify(value) : value.join(',')),
  };
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** `earliest`, `latest`, or a time in ms since the epoch. */
export const start: Type<'earliest' | 'latest' | number> = {
  name: '`earliest`, `latest` or a time',
  schema: z.string('must be earliest, latest or a time like 2026-01-31T00:00:00Z').transform((value, context) => {
    if (value === 'earliest' || value === 'latest') return value;
    const time = TIME.test(value) ? Date.parse(value) : NaN;
    if (!Number.isNaN(time)) return time;
    context.addIssue('must be earliest, latest or a time like 2026-01-31T00:00:00Z');
    return z.NEVER;
  }),
  json: { anyOf: [{ enum: ['earliest', 'latest'] }, { type: 'string', pattern: TIME.source }] },
  format: (value) => (typeof value === 'number' ? new Date(value).toISOString() : value),
};

/** A value that may be null, which means that it is not set. */
export function optional<T>(type: Type<T>): Type<T | null> {
  return {
    name: type.name,
    schema: z.union([z.null(), type.schema]),
    // The JSON Schema of a file allows every key to be without a value.
    json: type.json,
    format: (value) => (value === null ? '' : type.format(value)),
  };
}

/** For a pattern of JSON Schema, which has no flags: the letters of a word, large or small. */
function inAnyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}
