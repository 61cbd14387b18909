import type { Type } from './types.ts';

/** What a changed value means for a state that exists, besides a restart of the processor. */
export type Change =
  /** Takes effect at the next start. */
  | 'in place'
  /** Decides what a log means: a change is refused for a state that exists, and takes a replay. */
  | 'replay'
  /** Takes effect at the next start; the note is what one should know. */
  | { readonly note: string };

export interface Setting<T> {
  /** The variable that sets it. */
  readonly env: string;
  readonly type: Type<T>;
  /** The value, or how it follows from another setting. */
  readonly default: T | Derived<T>;
  /** One line, in the words of the semantics. */
  readonly doc: string;
  /**
   * Never printed: see `secret`, which also declares the file that may hold it. `password`: only the password in the URL is
   * hidden, and the whole may come from `<env>_FILE`.
   */
  readonly secret: boolean | 'password';
  readonly change: Change;
  /** A flag of its own, beside `--set`. */
  readonly flag: string | null;
}

/** A default that follows another setting. */
export interface Derived<T> {
  readonly from: string;
  readonly make: (from: unknown) => T;
  /** The default in words, for the docs. */
  readonly text: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of settings holds values of every type
export type AnySetting = Setting<any>;

type SettingInit<T> = Pick<Setting<T>, 'type' | 'doc'> & { readonly default: NoInfer<T | Derived<T>> } & Partial<
    Omit<Setting<T>, 'type' | 'default' | 'doc'>
  >;

/** A setting with what it leaves out filled in; its variable is named after its key unless it has another. */
export function setting<T>(given: SettingInit<T>): Setting<T> {
  return { env: '', secret: false, change: 'in place', flag: null, ...given };
}

export function isDerived(value: unknown): value is Derived<unknown> {
  return typeof value === 'object' && value !== null && 'make' in value;
}

/** The keys and settings of a declaration, with the variables' names filled in. */
export function withNames<const S extends Record<string, AnySetting>>(settings: S): S {
  const entries = Object.entries(settings).map(([key, value]) => [
    key,
    { ...value, env: value.env || `TIDEMARK_${key.toUpperCase().replaceAll('.', '_')}` },
  ]);
  return Object.fromEntries(entries) as S;
}
