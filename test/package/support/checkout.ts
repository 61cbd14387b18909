import { cpSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const LEFT_OUT = new Set(['node_modules', 'dist', '.git', 'test', 'bench', '.tidemark']);

/** Copies what packing needs of the checkout, nothing built. @param packages whether to copy the installed ones too. */
export function copyCheckout(to: string, packages: boolean): void {
  cpSync(ROOT, to, { recursive: true, filter: (path) => !LEFT_OUT.has(relative(ROOT, path)) });
  if (packages) symlinkSync(join(ROOT, 'node_modules'), join(to, 'node_modules'));
}
