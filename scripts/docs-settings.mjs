// Writes docs/SETTINGS.md from the settings' declaration.
import { writeFileSync } from 'node:fs';
import { settingsMarkdown } from '../src/settings/docs.ts';

writeFileSync(new URL('../docs/SETTINGS.md', import.meta.url), settingsMarkdown());
