import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on a page by all rules that are on: the rule, its sentence and the elements. Empty: nothing. */
export async function findings(page: Page): Promise<string[]> {
  // The script is evaluated and not put into the page, whose policy would refuse it.
  await page.evaluate(`window.axe ?? (() => { ${AXE} })()`);
  return await page.evaluate<string[]>(RUN);
}

const RUN = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, help, nodes }) => id + ': ' + help + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`;
