// Fails where files import each other in a circle, types included: none of them could be read, or moved, without the others.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['src', 'bench', 'test', 'scripts'];
const SPECIFIER = /\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name)),
).filter((name) => /\.m?ts$|\.mjs$/.test(name));
const known = new Set(files);
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file) {
  const found = [...readFileSync(join(ROOT, file), 'utf8').matchAll(SPECIFIER)];
  return found.map(([, path]) => normalize(join(dirname(file), path))).filter((path) => known.has(path));
}

/** Sets of files that reach each other, by Tarjan's algorithm. */
function circles() {
  const [index, low, stack, onStack, found] = [new Map(), new Map(), [], new Set(), []];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    onStack.add(file);
    for (const next of imports.get(file)) {
      if (!index.has(next)) {
        visit(next);
        low.set(file, Math.min(low.get(file), low.get(next)));
      } else if (onStack.has(next)) low.set(file, Math.min(low.get(file), index.get(next)));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    for (const each of circle) onStack.delete(each);
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return found;
}

const found = circles();
for (const circle of found) {
  console.error(`these files import each other in a circle (move what they share into a file of its own):`);
  for (const file of circle) {
    const within = imports.get(file).filter((next) => circle.includes(next));
    console.error(`  ${file} → ${[...new Set(within)].join(', ')}`);
  }
}
process.exitCode = found.length === 0 ? 0 : 1;
