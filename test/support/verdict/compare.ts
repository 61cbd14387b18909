/** How a list differs from the right one: items by what names them, then their order. */
export interface Difference {
  readonly what: string;
  readonly expected: number;
  /** Of the right list, not there. */
  readonly lost: number;
  /** There once more than they should be, or not to be there at all. */
  readonly doubled: number;
  /** There, with other content. */
  readonly different: number;
  /** All there, and not in this order: where that begins. */
  readonly disordered: number;
  /** For people: the first few. */
  readonly examples: readonly string[];
}

const EXAMPLES = 10;

export function isRight({ lost, doubled, different, disordered }: Difference): boolean {
  return lost + doubled + different + disordered === 0;
}

/** @param nameOf what an item is called: no two of the right list have one name. */
export function compare<T>(
  what: string,
  found: readonly T[],
  right: readonly T[],
  nameOf: (item: T) => string,
): Difference {
  const byName = Map.groupBy(found, nameOf);
  const examples: string[] = [];
  const tell = (line: string) => {
    if (examples.length < EXAMPLES) examples.push(`${what}: ${line}`);
  };
  let [lost, doubled, different] = [0, 0, 0];
  for (const item of right) {
    const name = nameOf(item);
    const [first, ...more] = byName.get(name) ?? [];
    byName.delete(name);
    if (more.length > 0) tell(`${name} is there ${more.length + 1} times`);
    doubled += more.length;
    const wanted = JSON.stringify(canonical(item));
    if (first === undefined) {
      lost += 1;
      tell(`${name} is not there: ${wanted}`);
    } else if (JSON.stringify(canonical(first)) !== wanted) {
      different += 1;
      tell(`${name} is ${JSON.stringify(canonical(first))}\n    and should be ${wanted}`);
    }
  }
  for (const [name, items] of byName) {
    doubled += items.length;
    tell(`${name} should not be there: ${JSON.stringify(canonical(items[0]))}`);
  }
  let disordered = 0;
  if (lost + doubled === 0) {
    const at = right.findIndex((item, i) => nameOf(item) !== nameOf(found[i]!));
    if (at >= 0) {
      disordered = 1;
      tell(`item ${at} is ${nameOf(found[at]!)} and should be ${nameOf(right[at]!)}`);
    }
  }
  return { what, expected: right.length, lost, doubled, different, disordered, examples };
}

/** Keys in one order: jsonb has its own. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, canonical(one)]),
  );
}
