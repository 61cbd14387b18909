import { markdownTable } from '../../settings/docs.ts';
import { CONSUMER_GROUP, type Declared, type Named, RIGHTS, resourceOf, USES } from './declaration.ts';

/** The table of all rights, in Markdown. @param settings whose names it shows */
export function rightsMarkdown(settings: Named): string {
  const rows = USES.flatMap((use) => RIGHTS[use].map((right) => [`\`${use}\``, ...row(right, settings)]));
  return markdownTable(['for', 'right', 'on', 'to', 'without it'], rows);
}

function row({ on, operation, why, without }: Declared, settings: Named): string[] {
  const resources = on.map((each) => resourceOf(each, settings, CONSUMER_GROUP));
  const { type } = resources[0]!;
  const kind = `${type.replace('-', ' ')}${resources.length === 1 ? '' : 's'}`;
  const names = resources.map(({ name, pattern }) => `\`${name}${pattern === 'prefixed' ? '*' : ''}\``);
  return [operation, `${kind} ${names.join(', ')}`, why, without ?? 'it cannot work'];
}

/**
 * A document with the table in it brought up to date, which stands between two comments. @throws where they are not
 * there
 */
export function withRightsTable(document: string, settings: Named): string {
  const [before, rest] = document.split(`${BEGIN}\n`);
  const after = rest?.split(`${END}\n`)[1];
  if (after === undefined) throw new Error(`there is no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${rightsMarkdown(settings)}\n${END}\n${after}`;
}

const BEGIN = '<!-- rights: made by `npm run docs:rights` from src/kafka/rights/declaration.ts: change that -->';
const END = '<!-- /rights -->';
