// Prints the alert rules in deploy/ with `runbook.base_url` in the place of the runbook's path, so that their links open.
import { readFileSync } from 'node:fs';
import { loadSettings } from '../src/settings/index.ts';

const PATH = 'docs/OPERATIONS.md#';
const { settings } = loadSettings({ env: process.env });
const address = settings.runbook.baseUrl;
if (address === null) {
  console.error(
    'alerts: set runbook.base_url (TIDEMARK_RUNBOOK_BASE_URL) to the address at which your people read docs/OPERATIONS.md',
  );
  process.exit(2);
}
const rules = readFileSync(new URL('../deploy/prometheus/alerts.yml', import.meta.url), 'utf8');
process.stdout.write(
  rules.replaceAll(/^( *runbook_url: )(\S+)$/gm, (_, name, path) => name + JSON.stringify(link(path))),
);

function link(path) {
  if (!path.startsWith(PATH)) throw new Error(`${path} is no entry of ${PATH}`);
  return `${address}#${path.slice(PATH.length)}`;
}
