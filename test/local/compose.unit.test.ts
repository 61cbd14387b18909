import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { KAFKA_IMAGE, POSTGRES_IMAGE } from '../../src/local/docker.ts';
import { loadSettings, SETTINGS } from '../../src/settings/index.ts';

interface Service {
  readonly image: string;
  readonly environment: Record<string, string>;
  readonly ports?: string[];
  readonly command?: string[];
  readonly restart?: string;
  readonly profiles?: string[];
  readonly volumes?: string[];
}

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const { services } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
const dockerfile = read('Dockerfile');
const ours = ['setup', 'tidemark'].map((name) => services[name]!);

describe('docker-compose.yml', () => {
  test('has a broker, a registry, a database, and tidemark set up and run', () => {
    const started = Object.keys(services).filter((name) => services[name]!.profiles === undefined);
    expect(started).toEqual(['kafka', 'registry', 'postgres', 'setup', 'tidemark']);
    expect(ours.map((service) => service.command)).toEqual([['setup'], ['run']]);
  });

  test('sets only what the settings declare, to values that they take', () => {
    const declared = Object.values(SETTINGS).map((setting) => setting.env);
    for (const { environment } of ours) {
      expect(declared).toEqual(expect.arrayContaining(Object.keys(environment)));
      expect(() => loadSettings({ env: environment })).not.toThrow();
    }
  });

  test('points tidemark at the ports that its own services listen on', () => {
    const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL } = services.tidemark!.environment;
    expect(services.kafka!.environment.KAFKA_ADVERTISED_LISTENERS).toContain(`INSIDE://${KAFKA_BROKERS},`);
    expect(services.registry!.environment.SCHEMA_REGISTRY_LISTENERS).toBe('http://0.0.0.0:8081');
    expect(SCHEMA_REGISTRY_URL).toBe('http://registry:8081');
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = services.postgres!.environment;
    expect(DATABASE_URL).toBe(`postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`);
  });

  test('publishes, to this machine only, the ports that the defaults of the settings name', () => {
    const port = (address: string) => address.split(':').at(-1)!.split('/')[0];
    const defaults: [service: string, port: string | undefined][] = [
      ['kafka', port((SETTINGS['kafka.brokers'].default as string[])[0]!)],
      ['registry', new URL((SETTINGS['registry.url'].default as string[])[0]!).port],
      ['postgres', new URL(SETTINGS['database.url'].default as string).port],
    ];
    for (const [name, number] of defaults) {
      expect([name, services[name]!.ports]).toEqual([name, [`127.0.0.1:${number}:${number}`]]);
    }
    // This is the first port of the range.
    const http = SETTINGS['http.port'].default as number;
    expect(services.tidemark!.ports).toEqual([`127.0.0.1:${http}-${http + 9}:${http}`]);
    expect(services.kafka!.environment.KAFKA_ADVERTISED_LISTENERS).toContain(
      `OUTSIDE://${(SETTINGS['kafka.brokers'].default as string[])[0]}`,
    );
  });

  test('starts again whatever ends, but for what is done once', () => {
    const forGood = Object.keys(services).filter((name) => services[name]!.restart !== 'unless-stopped');
    expect(forGood).toEqual(['setup']);
  });

  test('mounts only what is there', () => {
    const mounted = Object.values(services).flatMap(({ volumes }) => volumes ?? []);
    const files = mounted.map((volume) => volume.split(':')[0]!).filter((from) => from.startsWith('./'));
    expect(files.length).toBeGreaterThan(2);
    for (const file of files)
      expect([file, existsSync(new URL(`../../${file}`, import.meta.url))]).toEqual([file, true]);
  });

  test('runs the same broker and database as the local stack of containers', () => {
    expect(services.kafka!.image).toBe(KAFKA_IMAGE);
    expect(services.postgres!.image).toBe(POSTGRES_IMAGE);
  });
});

describe('Dockerfile', () => {
  test('runs as a user of no rights, starts the program of package.json, and names its port and version', () => {
    const { bin, version } = JSON.parse(read('package.json')) as { bin: { tidemark: string }; version: string };
    expect(dockerfile).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(dockerfile).toContain(`ln -s /app/${bin.tidemark} /usr/local/bin/tidemark`);
    expect(dockerfile).toContain('ENTRYPOINT ["tidemark"]');
    expect(dockerfile).toContain(`ARG VERSION=${version}`);
    expect(dockerfile).toContain(`EXPOSE ${SETTINGS['http.port'].default}`);
  });

  test('copies only what .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) => paths!.split(' '));
    expect(copies.length).toBeGreaterThan(5);
    expect(allowed).toEqual(expect.arrayContaining(copies));
  });
});
