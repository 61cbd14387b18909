import type { AnswerForm } from './form.ts';
import type { Scenario } from './format.ts';

/** A value of an answer that is not as expected. undefined: there is none. */
export interface Difference {
  /** Like `visits[1].event_count`. */
  readonly path: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** Values that are compared whole and not key by key. */
const WHOLE = new Set(['context', 'traits', 'event_types']);

/** All differences; a key that `expect`, or an object in it, leaves out is not compared. */
export function compare(expected: Scenario['expect'], got: AnswerForm): Difference[] {
  const differences: Difference[] = [];
  for (const [key, value] of Object.entries(expected)) {
    if (key === 'profiles') profiles(expected.profiles!, got.profiles);
    else walk(key, value, got[key as keyof AnswerForm]);
  }
  return differences;

  /** Compares profiles by their ids: they have no order of their own. */
  function profiles(wanted: readonly Readonly<Record<string, unknown>>[], there: AnswerForm['profiles']): void {
    const byId = new Map(there.map((profile) => [profile.profile_id, profile]));
    for (const profile of wanted) {
      walk(`profiles[${String(profile.profile_id)}]`, profile, byId.get(profile.profile_id));
      byId.delete(profile.profile_id);
    }
    for (const [id, profile] of byId) walk(`profiles[${String(id)}]`, undefined, profile);
  }

  function walk(path: string, wanted: unknown, there: unknown): void {
    const name = path.slice(path.lastIndexOf('.') + 1);
    if (Array.isArray(wanted) && Array.isArray(there)) {
      const length = Math.max(wanted.length, there.length);
      for (let i = 0; i < length; i++) walk(`${path}[${i}]`, wanted[i], there[i]);
    } else if (isPlain(wanted) && isPlain(there) && !WHOLE.has(name)) {
      for (const key of Object.keys(wanted)) walk(`${path}.${key}`, wanted[key], there[key]);
    } else if (!same(wanted, there)) {
      differences.push({ path, expected: wanted, got: there });
    }
  }
}

/** Whether two values are equal as JSON, whatever the order of keys. */
function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, i) => same(each, b[i]));
  if (!isPlain(a) || !isPlain(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
