import { readFileSync } from 'node:fs';

export interface Query {
  /** The heading above it; further queries below the same heading have a number. */
  readonly name: string;
  readonly sql: string;
}

/** All queries of docs/SQL.md, in order. */
export function queries(): Query[] {
  const markdown = readFileSync(new URL('../../../docs/SQL.md', import.meta.url), 'utf8');
  const found: Query[] = [];
  let heading = '';
  for (const [, title, sql] of markdown.matchAll(/^#{2,3} (.+)$|^```sql\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    if (sql === undefined) continue;
    const before = found.filter(({ name }) => name.startsWith(heading)).length;
    found.push({ name: before === 0 ? heading : `${heading}, ${before + 1}`, sql });
  }
  return found;
}
