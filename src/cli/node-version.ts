/** Versions of Node.js that have all that we use: zstd in `node:zlib` came with 22.15 and 23.8. package.json has the same. */
export const NODE_VERSIONS = '^22.15 || >=23.8';

/** @param version such as `22.15.0`. @returns why the program cannot run on it, and what to do; null if it can. */
export function whyNotOn(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 22 ? minor >= 15 : major === 23 ? minor >= 8 : major > 23) return null;
  return (
    `this is Node.js ${version}, and 22.15 or later is needed (of 23, 23.8 or later): install one, Node.js 24 for ` +
    'instance, or start it with npx or npm in a checkout, which brings its own'
  );
}
