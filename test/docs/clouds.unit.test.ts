import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authority, type Certificate, whyNoCertificates } from '../../src/local/authority.ts';
import { targetOf } from '../../src/postgres/target.ts';
import { waysOf } from '../../src/postgres/tls.ts';
import { loadSettings, SETTINGS } from '../../src/settings/index.ts';

const document = readFileSync(new URL('../../docs/CLOUDS.md', import.meta.url), 'utf8');

interface Block {
  readonly heading: string;
  readonly yaml: string;
  /** Variables of the shell block that follows, if one does. */
  readonly variables: readonly (readonly [name: string, value: string])[];
}

const blocks: Block[] = document.split(/^## /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf('\n'));
  return [...section.matchAll(/^```yaml\n([\s\S]*?)^```\n(?:\n```sh\n([\s\S]*?)^```\n)?/gm)].map(
    ([, yaml, sh = '']) => ({
      heading,
      yaml: yaml!,
      variables: sh
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => /^export (\w+)=(\S+)$/.exec(line)!.slice(1) as [string, string]),
    }),
  );
});

const reason = await whyNoCertificates(process.env);
const describeFiles = reason === null ? describe : describe.skip;

describeFiles(`docs/CLOUDS.md${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  const PASSPHRASE = 'open sesame';
  let directory: string;
  let authority: Authority;
  let client: Certificate;
  let locked: Certificate;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'clouds-'));
    authority = await Authority.make(directory, process.env);
    client = await authority.issue({ name: 'client' });
    locked = await authority.issue({ name: 'locked', passphrase: PASSPHRASE });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** The same text with its paths under `root`, and a suitable file at each. */
  function placed(text: string, root: string, certificate: Certificate): string {
    return text.replace(/\/(?:etc|run\/secrets)\/tidemark\/[\w./-]+/g, (path) => {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      if (path.startsWith('/run/')) writeFileSync(file, `${PASSPHRASE}\n`);
      else if (path.endsWith('.key')) cpSync(certificate.key, file);
      else if (/\/(client|service|user)\.\w+$/.test(path)) cpSync(certificate.cert, file);
      else cpSync(authority.file, file);
      return file;
    });
  }

  test.each(blocks)('$heading: a block is taken as it stands, and warned of nothing', ({ yaml, variables }) => {
    const root = mkdtempSync(join(directory, 'block-'));
    const withPassphrase = variables.some(([name]) => name.includes('PASSPHRASE'));
    const place = (text: string) => placed(text, root, withPassphrase ? locked : client);
    writeFileSync(join(root, 'tidemark.yaml'), place(yaml));
    const env = Object.fromEntries(variables.map(([name, value]) => [name, place(value)]));
    const { settings, warnings } = loadSettings({ cwd: root, env });
    expect(warnings).toEqual([]);
    const { sslMode } = targetOf(settings.database, {});
    if (yaml.includes('database.url')) expect(sslMode).toMatch(/^(verify-(full|ca)|disable)$/);
    // This reads the files that the address names.
    expect(waysOf(targetOf(settings.database, {})).length).toBeGreaterThan(0);
  });

  test('each way to log in, and each service, has a block', () => {
    const all = blocks.map(({ yaml }) => yaml).join('');
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer', 'aws-msk-iam'])
      expect(all).toContain(`mechanism: ${mechanism}\n`);
    expect(SETTINGS['kafka.sasl.mechanism'].type.name.split(', ')).toHaveLength(5);
    const headings = new Set(blocks.map(({ heading }) => heading));
    expect([...headings]).toEqual([
      ...['Confluent Cloud', 'Amazon MSK', 'Aiven', 'Redpanda', 'Azure Event Hubs', 'Strimzi'],
      ...['Amazon RDS and Aurora', 'Google Cloud SQL', 'Azure Database'],
    ]);
  });

  test('no block holds a secret, and every secret is in a file', () => {
    const secrets = Object.entries(SETTINGS).filter(([, { secret }]) => secret === true);
    for (const { yaml, variables } of blocks) {
      for (const [key] of secrets) expect(yaml).not.toMatch(new RegExp(`\\b${key.split('.').at(-1)}: `));
      for (const [name] of variables) expect(name).toMatch(/_FILE$/);
    }
  });
});
