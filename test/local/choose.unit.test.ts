import { describe, expect, test } from '@jest/globals';
import { choose, type Stack, startStack, type Way } from '../../src/local/stack.ts';

describe('which stack is chosen', () => {
  test('the first way that is open is taken, and those after it are not asked', async () => {
    const asked: string[] = [];
    const ways = [closed('environment', asked), open('docker', asked), open('java', asked)];
    expect((await choose(ways, '')).kind).toBe('docker');
    expect(asked).toEqual(['environment', 'docker']);
  });

  test('where no way is open it is memory, and the reason names what each way lacks', async () => {
    const stack = await choose([closed('docker'), closed('java')], '');
    expect(stack).toMatchObject({ kind: 'memory', reason: 'docker: no docker here; java: no java here' });
    expect(stack.describe()).toContain('no java here');
  });

  test.each([
    ['by the setting', 'required', false],
    ['by the option', '', true],
  ])(
    'where no way is open and real parts are required %s it is an error that says what is missing',
    async (_, setting, required) => {
      await expect(choose([closed('docker'), closed('java')], setting, required)).rejects.toThrow('no java here');
    },
  );

  test('a way that is forced is the only one asked, and an error where it is closed', async () => {
    const asked: string[] = [];
    const ways = [open('docker', asked), closed('java', asked)];
    await expect(choose(ways, 'java')).rejects.toThrow('no java here');
    expect((await choose(ways, 'docker')).kind).toBe('docker');
    expect(asked).toEqual(['java', 'docker']);
  });

  test('memory that is forced asks nothing, and is refused where real parts are required', async () => {
    const asked: string[] = [];
    expect((await choose([open('java', asked)], 'memory')).kind).toBe('memory');
    await expect(choose([open('java', asked)], 'memory', true)).rejects.toThrow('TIDEMARK_STACK=memory');
    expect(asked).toEqual([]);
  });

  test('a word that names no way is refused with those that do', async () => {
    await expect(choose([open('java')], 'podman')).rejects.toThrow('"podman": set it to environment, docker, java');
  });

  test('a way that looked open and fails to start is an error, not the next way', async () => {
    const broken: Way = { ...open('docker'), start: () => Promise.reject(new Error('no space left')) };
    await expect(choose([broken, open('java')], '')).rejects.toThrow('no space left');
  });

  test('addresses of the environment are taken only if all three are set', async () => {
    const env = { KAFKA_BROKERS: 'a:1, b:2', SCHEMA_REGISTRY_URL: 'http://r', DATABASE_URL: 'postgres://d' };
    expect(await startStack({ env })).toMatchObject({
      kind: 'environment',
      brokers: ['a:1', 'b:2'],
      registryUrl: 'http://r',
      databaseUrl: 'postgres://d',
    });
    const two = { ...env, DATABASE_URL: '', TIDEMARK_STACK: 'environment' };
    await expect(startStack({ env: two })).rejects.toThrow('DATABASE_URL not set');
  });
});

function closed(kind: Way['kind'], asked: string[] = []): Way {
  const whyNot = async () => {
    asked.push(kind);
    return `no ${kind} here`;
  };
  return { kind, whyNot, start: () => Promise.reject(new Error(`${kind} was started`)) };
}

function open(kind: Way['kind'], asked: string[] = []): Way {
  const whyNot = async () => {
    asked.push(kind);
    return null;
  };
  return { kind, whyNot, start: async () => ({ kind, describe: () => kind, stop: async () => {} }) as Stack };
}
