/** Results as files: Markdown for people, JSON for whatever compares them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** @returns the path of the Markdown. */
export async function writeResults(name: string, text: string, data: unknown): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const path = join(RESULTS, `${stamp}-${name}`);
  await writeFile(`${path}.md`, text);
  await writeFile(`${path}.json`, `${JSON.stringify(data, null, 2)}\n`);
  return `${path}.md`;
}
