/** Times and ids as the demo shows them. */

/** `3.2 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** `14:31:58.2`, in this machine's time zone. */
export function timeOfDay(ms: number): string {
  const at = new Date(ms);
  return `${at.toTimeString().slice(0, 8)}.${Math.floor(at.getMilliseconds() / 100)}`;
}

/** Enough of an id to tell it from the others on the screen. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** The visitor's way through the site: `/ → /cart`. */
export function pathText(entry: string | null, exit: string | null): string {
  if (entry === null) return '-';
  return entry === exit || exit === null ? entry : `${entry} → ${exit}`;
}
