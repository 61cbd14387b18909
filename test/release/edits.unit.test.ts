import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  lockWithVersion,
  repositoryFields,
  whyNotAfter,
  withHeading,
  withImage,
  withVersion,
} from '../../scripts/release-edits.ts';

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const ADDRESS = 'https://example.org/us/tidemark';

describe('a version', () => {
  test.each([
    ['0.1.0', '0.1.1'],
    ['0.1.9', '0.2.0'],
    ['0.9.0', '0.10.0'],
    ['0.9.9', '1.0.0'],
    ['0.1.0', '0.2.0-rc.1'],
    ['0.2.0-rc.2', '0.2.0-rc.10'],
    ['0.2.0-rc.2', '0.2.0'],
  ])('%s is followed by %s', (before, version) => expect(whyNotAfter(before, version)).toBeNull());

  test.each([
    ['0.1.0', '0.1.0', /is the version that there is/],
    ['0.2.0', '0.1.9', /is before 0\.2\.0/],
    ['0.10.0', '0.9.0', /is before/],
    ['0.2.0', '0.2.0-rc.1', /is before/],
    ['0.2.0-rc.2', '0.2.0-rc.1', /is before/],
    ['0.1.0', 'v0.2.0', /is no version/],
    ['0.1.0', '0.2', /is no version/],
    ['0.1.0', '0.02.0', /is no version/],
  ])('%s is not followed by %s', (before, version, why) => expect(whyNotAfter(before, version)).toMatch(why));
});

describe('package.json', () => {
  test('gets the version, and is the same otherwise', () => {
    const text = read('package.json');
    const { version } = JSON.parse(text) as { version: string };
    expect(withVersion(text, '9.8.7', null)).toBe(text.replace(`"version": "${version}"`, '"version": "9.8.7"'));
  });

  test('gets the three addresses behind its description, once, and can be published then', () => {
    const once = withVersion(read('package.json'), '9.8.7', repositoryFields(ADDRESS));
    expect(JSON.parse(once)).toMatchObject({
      repository: { type: 'git', url: 'git+https://example.org/us/tidemark.git' },
      homepage: 'https://example.org/us/tidemark#readme',
      bugs: { url: 'https://example.org/us/tidemark/issues' },
    });
    expect(Object.keys(JSON.parse(once)).slice(0, 6)).toEqual([
      'name',
      'version',
      'description',
      'repository',
      'homepage',
      'bugs',
    ]);
    expect(once).not.toContain('"private"');
    expect(withVersion(once, '9.8.7', repositoryFields(ADDRESS))).toBe(once);
    expect(withVersion(once, '9.8.7', null)).toBe(once);
  });

  test('the lock names the version twice', () => {
    const lock = JSON.parse(lockWithVersion(read('package-lock.json'), '9.8.7'));
    expect([lock.version, lock.packages[''].version]).toEqual(['9.8.7', '9.8.7']);
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(lockWithVersion(read('package-lock.json'), version)).toBe(read('package-lock.json'));
  });

  test.each([`${ADDRESS}/`, `${ADDRESS}.git`, `${ADDRESS}.git/`])('%s is the same repository', (address) => {
    expect(repositoryFields(address)).toEqual(repositoryFields(ADDRESS));
  });

  test.each(['us/tidemark', 'git@example.org:us/tidemark', 'http://example.org/x', 'https://u:p@example.org/x'])(
    '%s is no address of a repository',
    (address) => expect(() => repositoryFields(address)).toThrow(`--repository ${address}: give the address`),
  );
});

describe('CHANGELOG.md', () => {
  const text = '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- This.\n\n## [0.1.0] - 2026-01-01\n\n- That.\n';

  test('has what was unreleased under the version', () => {
    expect(withHeading(text, '0.2.0', '2026-01-31')).toBe(
      '# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-01-31\n\n### Added\n\n- This.\n\n## [0.1.0] - 2026-01-01\n\n- That.\n',
    );
  });

  test('ours can be released', () => {
    expect(withHeading(read('CHANGELOG.md'), '9.8.7', '2026-01-31')).toContain('## [9.8.7] - 2026-01-31\n\n### ');
  });

  test.each([
    ['nothing to release', withHeading(text, '0.2.0', '2026-01-31'), '0.3.0', /nothing under \[Unreleased\]/],
    ['the version', text, '0.1.0', /a heading \[0\.1\.0\] already/],
    ['no place for it', '# Changelog\n', '0.2.0', /no heading \[Unreleased\]/],
  ])('with %s it is refused', (_, given, version, why) => {
    expect(() => withHeading(given, version, '2026-01-31')).toThrow(why);
  });
});

test('the image of examples, and versions of a chart, follow; others stay', () => {
  const text = `image: tidemark:0.1.0
other: nottidemark:0.1.0
later: tidemark:0.1.0-rc.1
version: 0.1.0
appVersion: "0.1.0"
apiVersion: 0.1.0
kafka: 0.1.0
`;
  expect(withImage(text, '0.1.0', '0.2.0')).toBe(`image: tidemark:0.2.0
other: nottidemark:0.1.0
later: tidemark:0.1.0-rc.1
version: 0.2.0
appVersion: "0.2.0"
apiVersion: 0.1.0
kafka: 0.1.0
`);
});
