import { type Setting, setting } from './setting.ts';
import { file, optional } from './types.ts';

type SecretInit = Omit<Partial<Setting<string | null>>, 'type' | 'doc' | 'secret' | 'default'> &
  Pick<Setting<string | null>, 'type' | 'doc'>;

export type FileOf<K extends string> = `${K}_file`;

/**
 * A setting that is never printed, and its sibling: `<key>_file`, `<variable>_FILE`, the file that holds it. Loaded settings
 * have both, the value at the time and the path; `readSecret` gives the present value.
 */
export function secret<const K extends string>(
  key: K,
  given: SecretInit,
): Record<K, Setting<string | null>> & Record<FileOf<K>, Setting<string | null>> {
  return {
    [key]: setting({ default: null, ...given, secret: true }),
    [fileOf(key)]: setting({
      env: given.env ? `${given.env}_FILE` : '',
      type: optional(file),
      default: null,
      doc: `File that holds \`${key}\`, read anew when it is needed.`,
    }),
  } as Record<K, Setting<string | null>> & Record<FileOf<K>, Setting<string | null>>;
}

/** The sibling's key. */
export function fileOf<const K extends string>(key: K): FileOf<K> {
  return `${key}_file`;
}
