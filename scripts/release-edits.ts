/** The changes that a release makes in files: functions from text to text. */

/** A version by Semantic Versioning: numbers, and after a hyphen the mark of a prerelease. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/;

/** @returns why one version cannot follow another; null if it can. */
export function whyNotAfter(before: string, version: string): string | null {
  const [wanted, there] = [VERSION.exec(version), VERSION.exec(before)];
  if (wanted === null) return `${version} is no version: write it like 1.2.3, or 1.2.3-rc.1`;
  if (there === null || version === before) return `${version} is the version that there is: name the next one`;
  for (let i = 1; i <= 3; i++) {
    const [a, b] = [Number(wanted[i]), Number(there[i])];
    if (a > b) return null;
    if (a < b) return `${version} is before ${before}, the version that there is`;
  }
  // With the same numbers the order is 1.2.3-rc.1, 1.2.3-rc.2, 1.2.3.
  const [to, from] = [wanted[4], there[4]];
  const later = from !== undefined && (to === undefined || to.localeCompare(from, 'en', { numeric: true }) > 0);
  return later ? null : `${version} is before ${before}, the version that there is`;
}

export interface Repository {
  readonly repository: { readonly type: 'git'; readonly url: string };
  readonly homepage: string;
  readonly bugs: { readonly url: string };
}

/** The three fields of package.json that name the repository. @throws Error if it is no https address. */
export function repositoryFields(address: string): Repository {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== 'https:' || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Error(`--repository ${address}: give the address of its page, like https://example.org/us/tidemark`);
  }
  const page = url.href.replace(/(\.git)?\/*$/, '');
  return {
    repository: { type: 'git', url: `git+${page}.git` },
    homepage: `${page}#readme`,
    bugs: { url: `${page}/issues` },
  };
}

interface Manifest {
  version: string;
  description: string;
  private?: boolean;
  readonly [field: string]: unknown;
}

/**
 * package.json of a release. With a repository it is no longer `private`, which npm would refuse to publish.
 * @param repository null: the fields stay as they are.
 */
export function withVersion(text: string, version: string, repository: Repository | null): string {
  const manifest = JSON.parse(text) as Manifest;
  manifest.version = version;
  if (repository === null) return asFile(manifest);
  const { private: _, repository: _1, homepage: _2, bugs: _3, ...rest } = manifest;
  const entries = Object.entries(rest);
  const at = entries.findIndex(([key]) => key === 'description') + 1;
  return asFile(Object.fromEntries([...entries.slice(0, at), ...Object.entries(repository), ...entries.slice(at)]));
}

/** package-lock.json, which names the version twice. */
export function lockWithVersion(text: string, version: string): string {
  const lock = JSON.parse(text) as { version: string; packages: { '': { version: string } } };
  lock.version = version;
  lock.packages[''].version = version;
  return asFile(lock);
}

function asFile(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const UNRELEASED = '## [Unreleased]\n';

/**
 * CHANGELOG.md with the unreleased changes under the version, and none unreleased.
 * @param day like 2026-01-31.
 * @throws Error if there is nothing to release, or the version exists.
 */
export function withHeading(text: string, version: string, day: string): string {
  const at = text.indexOf(UNRELEASED);
  if (at < 0) throw new Error('CHANGELOG.md has no heading [Unreleased]: add it, with what has changed');
  if (text.includes(`\n## [${version}]`)) throw new Error(`CHANGELOG.md has a heading [${version}] already`);
  const after = at + UNRELEASED.length;
  const [changes = ''] = text.slice(after).split(/^## /m);
  if (changes.trim() === '') throw new Error('CHANGELOG.md has nothing under [Unreleased]: write what has changed');
  return `${text.slice(0, after)}\n## [${version}] - ${day}\n${text.slice(after)}`;
}

/** A file of deploy/ or docker-compose.yml with the new version where the one before was: of the image, and of a chart itself. */
export function withImage(text: string, before: string, version: string): string {
  const quoted = before.replace(/[.+]/g, '\\$&');
  return text
    .replace(new RegExp(`(\\btidemark:)${quoted}(?![\\w.-])`, 'g'), `$1${version}`)
    .replace(new RegExp(`^((?:appVersion|version): *["']?)${quoted}(["']?)$`, 'gm'), `$1${version}$2`);
}
