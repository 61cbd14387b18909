import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const document = read('docs/INTERFACES.md');

/** Rows of all tables below a heading, up to the next, as cells. */
function rowsBelow(heading: string): string[][] {
  const [, rest] = document.split(`\n${heading}\n`);
  expect(rest).toBeDefined();
  const section = rest!.split(/^#{2,3} /m)[0]!;
  return [...section.matchAll(/^\| (`.*) \|$/gm)].map(([, row]) => row!.split(' | '));
}

describe('docs/INTERFACES.md', () => {
  const comments = /^COMMENT ON COLUMN (\w+)\.(\w+) IS '((?:[^']|'')*)'/gm;
  const views = ['0002_views', '0007_set_aside', '0009_language']
    .map((name) => read(`migrations/${name}.sql`))
    .join('\n');
  const columns = [...views.matchAll(comments)].map(([, view, column, text]) => ({
    view: view!,
    column: `\`${column}\``,
    text: text!.replaceAll("''", "'"),
  }));

  test.each([...new Set(columns.map(({ view }) => view))])(
    'view %s has the columns and meanings of the schema',
    (view) => {
      const described = rowsBelow(`### \`${view}\``).map(([column, , text]) => ({ view, column, text }));
      expect(described).toEqual(columns.filter((column) => column.view === view));
    },
  );
});
