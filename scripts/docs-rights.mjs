// Writes the README's table of rights from their declaration.
import { readFileSync, writeFileSync } from 'node:fs';
import { withRights } from '../src/kafka/rights/docs.ts';
import { loadSettings } from '../src/settings/index.ts';

const readme = new URL('../README.md', import.meta.url);
const { settings } = loadSettings({ flags: {}, env: {}, cwd: '/' });
writeFileSync(readme, withRights(readFileSync(readme, 'utf8'), settings));
