import type { Key, SETTINGS } from './declaration.ts';
import type { Setting } from './setting.ts';

type Camel<S extends string> = S extends `${infer Head}_${infer Rest}` ? `${Head}${Capitalize<Camel<Rest>>}` : S;
type Nested<K extends string, V> = K extends `${infer Head}.${infer Rest}`
  ? { readonly [P in Camel<Head>]: Nested<Rest, V> }
  : { readonly [P in Camel<K>]: V };
type ValueOf<S> = S extends Setting<infer T> ? T : never;
type All<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;
type Flat<T> = T extends readonly unknown[] ? T : T extends object ? { [P in keyof T]: Flat<T[P]> } : T;

type Declared = Flat<All<{ [K in Key]: Nested<K, ValueOf<(typeof SETTINGS)[K]>> }[Key]>>;

/**
 * The settings in force, nested by their keys in camel case: `visit.max_age` is `settings.visit.maxAge`. Durations in
 * ms, sizes in bytes, null for what is not set.
 */
export type Settings = Declared & {
  readonly visit: {
    /**
     * Whether the clock may end visits of a drained partition: always where the broker stamps the records, and with
     * `input.timestamps: create` only if `visit.clock_margin` is set.
     */
    readonly anticipates: boolean;
  };
};

/** The nested form of values by key. */
export function nest(values: ReadonlyMap<string, unknown>, anticipates: boolean): Settings {
  const root: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const parts = key.split('.').map((part) => part.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
    let at = root;
    for (const part of parts.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[parts.at(-1)!] = value;
  }
  (root.visit as Record<string, unknown>).anticipates = anticipates;
  return root as unknown as Settings;
}

/** The value under a declared key. */
export function valueAt(settings: Settings, key: string): unknown {
  return key
    .split('.')
    .map((part) => part.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()))
    .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], settings);
}
