import { isUtf8 } from 'node:buffer';

/** Texts that go into columns and messages are cut to this many bytes. */
export const MAX_TEXT = 2048;

/** Whether a text takes at most `max` bytes in UTF-8. A UTF-16 unit takes at most three, which spares most the count. */
export function fits(text: string, max: number): boolean {
  return text.length * 3 <= max || (text.length <= max && Buffer.byteLength(text) <= max);
}

/** The longest beginning of a well-formed text that takes at most `max` bytes in UTF-8 and ends with a whole character. */
export function cut(text: string, max = MAX_TEXT): string {
  if (fits(text, max)) return text;
  const bytes = Buffer.from(text.slice(0, max + 1));
  let end = max;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** The text with U+FFFD in place of NUL, which Postgres cannot hold, and of lone surrogates, which UTF-8 cannot. */
export function clean(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** Whether a text can be an id as it is: neither NUL nor a lone surrogate in it. */
export function isClean(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const REPLACEMENT_BYTES = Buffer.from('\ufffd').toString('latin1');
/** What no valid UTF-8 decodes to. */
const MARK = '\udfff';

/**
 * Decodes UTF-8 with a lone surrogate, instead of U+FFFD, in place of each invalid sequence: what was replaced can then
 * be distinguished from a U+FFFD that was sent, and `isClean` refuses it.
 */
export function decodeUtf8(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd') || isUtf8(bytes)) return text;
  // EF BF BD never begins inside another valid character, so what lies between two of them decodes by itself.
  return bytes
    .toString('latin1')
    .split(REPLACEMENT_BYTES)
    .map((part) => Buffer.from(part, 'latin1').toString('utf8').replaceAll('\ufffd', MARK))
    .join('\ufffd');
}
