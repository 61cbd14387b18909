/** Licences under which a package may be shipped, by their SPDX ids: none of them sets conditions for the whole. */
export const ALLOWED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

/** A package of a lock file. */
export interface Locked {
  readonly name?: string;
  readonly version: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
}

/** The packages that are shipped, by name and version. */
export function shippedIn(packages: Readonly<Record<string, Locked>>): Map<string, Locked> {
  const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  return new Map(
    shipped.map(([path, one]) => [`${one.name ?? path.split('node_modules/').at(-1)}@${one.version}`, one]),
  );
}
