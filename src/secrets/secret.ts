import { readFileSync } from 'node:fs';

/** A secret as the settings give it: its value, or the file that holds it. */
export interface Secret {
  /** Key of the setting, for messages: `kafka.sasl.password`. */
  readonly setting: string;
  /** The value at the start; null: not set. */
  readonly value: string | null;
  /** Absolute path; null: not in a file. */
  readonly file: string | null;
}

/**
 * The secret as it is now, read at each login, because a file may have changed; null: not set.
 * @throws SecretUnreadable
 */
export function readSecret({ setting, value, file }: Secret): string | null {
  return file === null ? value : readSecretFile(`${setting}_file`, file);
}

/** The content of a file, without a line break at its end. @throws SecretUnreadable */
export function readSecretFile(setting: string, path: string): string {
  let content: string;
  try {
    content = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new SecretUnreadable(`${setting}: the file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (content === '') throw new SecretUnreadable(`${setting}: the file ${path} is empty`);
  return content;
}

/** The message names setting and path. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}
