/** The files that `npm run values` writes. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { eventsFile } from './events.ts';
import { foldingFile, messageFile, valuesFile } from './folding.ts';
import { check } from './names.ts';
import { recordFile, recordSizeFile } from './record.ts';
import { rowsFile } from './rows.ts';
import { consoleFile, inspectFile, libraryFile } from './shown.ts';
import { contextFile, readVisitEndedFile, visitEndedFile } from './wire.ts';

const FILES: { readonly [path: string]: () => string } = {
  'src/core/rules/visit-values.gen.ts': valuesFile,
  'src/core/memory/record-size.gen.ts': recordSizeFile,
  'src/core/memory/visit-fields.gen.ts': recordFile,
  'src/core/memory/event-columns.gen.ts': eventsFile,
  'src/core/memory/values.gen.ts': foldingFile,
  'src/core/memory/message.gen.ts': messageFile,
  'src/postgres/values.gen.ts': rowsFile,
  'src/wire/context.gen.ts': contextFile,
  'src/wire/visit-ended.gen.ts': visitEndedFile,
  'src/wire/read-visit-ended.gen.ts': readVisitEndedFile,
  'src/inspect/values.gen.ts': inspectFile,
  'src/library/values.gen.ts': libraryFile,
  'src/console/assets/values.gen.js': consoleFile,
};

const HEAD = '// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.\n';
const BIOME = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** @returns the content of each file by its path from the root. @throws where declaration and schemas disagree. */
export function written(): Map<string, string> {
  check();
  return new Map(Object.entries(FILES).map(([path, file]) => [path, formatted(path, `${HEAD}${file()}`)]));
}

function formatted(path: string, content: string): string {
  return execFileSync(process.execPath, [BIOME, 'check', '--write', `--stdin-file-path=${path}`], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    input: content,
    encoding: 'utf8',
  });
}
