// Writes the table of rights from their declaration.
import { readFileSync, writeFileSync } from 'node:fs';
import { withRightsTable } from '../src/kafka/rights/docs.ts';
import { loadSettings } from '../src/settings/index.ts';

const file = new URL('../docs/RUNNING.md', import.meta.url);
const { settings } = loadSettings({ flags: {}, env: {}, cwd: '/' });
writeFileSync(file, withRightsTable(readFileSync(file, 'utf8'), settings));
