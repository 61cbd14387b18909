import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Asset } from '../http/site.ts';

const DIRECTORY = new URL('./assets/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The page's own files by the path that each is served at, read once: a request's path is looked up among these and never
 * becomes a path of the disk.
 */
export function readAssets(): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const file of readdirSync(DIRECTORY)) {
    const contentType = TYPES[extname(file)];
    if (contentType === undefined) throw new Error(`${file} among the console's files is of no kind that is served`);
    const body = readFileSync(new URL(file, DIRECTORY));
    const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    assets.set(file === 'index.html' ? '/' : `/console/${file}`, { contentType, body, tag });
  }
  return assets;
}
