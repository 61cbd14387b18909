import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contextEntries } from '../../src/core/rules/context.ts';
import { isRefusal, type TrackEvent } from '../../src/core/rules/event.ts';
import type { DecodedContext } from '../../src/wire/context.gen.ts';
import { pathOf } from '../../src/wire/context.ts';
import type { DecodedEvent } from '../../src/wire/decoded.ts';
import { type ArrivalTimes, toEvent } from '../../src/wire/track-event.ts';

const NOW = 1_767_225_600_000;
const AT: ArrivalTimes = { timestamp: NOW + 500, receivedAtHeader: null };
const BASE: DecodedEvent = { event_id: 'e1', session_id: 's1', type: 'page-view', occurred_at: NOW };

function read(fields: Partial<DecodedEvent>, at = AT, keepProperties = false) {
  return toEvent({ ...BASE, ...fields }, at, { keepProperties });
}

function taken(fields: Partial<DecodedEvent>, at = AT, keepProperties = false): TrackEvent {
  const entry = read(fields, at, keepProperties);
  if (isRefusal(entry)) throw new Error(entry.error);
  return entry;
}

function refused(fields: Partial<DecodedEvent>, at = AT): string {
  const entry = read(fields, at);
  if (!isRefusal(entry)) throw new Error('was taken');
  expect(entry.refused).toBe('invalid');
  return entry.error;
}

const contextOf = (context: DecodedContext) => Object.fromEntries(contextEntries(taken({ context })));

describe('ids and types', () => {
  test('the least event is taken, and what it does not say is null or empty', () => {
    expect(taken({})).toEqual({
      eventId: 'e1',
      sessionId: 's1',
      debug: false,
      profileId: null,
      sourceId: null,
      type: 'page-view',
      t: NOW,
      page: null,
      referrer: null,
      utm: null,
      named: null,
      context: [],
      contextPage: null,
      contextUtm: null,
      traits: [],
      properties: null,
    });
  });

  test.each(['event_id', 'session_id', 'type', 'occurred_at'])('an event without %s is invalid', (name) => {
    expect(refused({ [name]: null })).toContain(name);
    expect(refused({ [name]: undefined })).toContain(name);
  });

  test.each([
    ['event_id', 128],
    ['session_id', 128],
    ['profile_id', 128],
    ['source_id', 128],
    ['type', 64],
  ])('%s is taken up to %i bytes and not one further', (name, max) => {
    for (const character of ['a', 'ż', '😀']) {
      const text = character.repeat(max / Buffer.byteLength(character));
      taken({ [name]: text });
      expect(refused({ [name]: `${text}a` })).toContain(`${max + 1} bytes`);
    }
  });

  test.each(['event_id', 'session_id', 'type'])('an empty %s is invalid', (name) => {
    expect(refused({ [name]: '' })).toContain(name);
  });

  test('an empty profile or source id is an absent one', () => {
    expect(taken({ profile_id: '', source_id: '' })).toMatchObject({ profileId: null, sourceId: null });
    expect(taken({ profile_id: 'p', source_id: 'w' })).toMatchObject({ profileId: 'p', sourceId: 'w' });
  });

  test.each(['event_id', 'session_id', 'type', 'profile_id', 'source_id'])(
    '%s with NUL or a lone surrogate is invalid, with a sent U+FFFD it is not',
    (name) => {
      expect(refused({ [name]: 'a\0' })).toContain(name);
      expect(refused({ [name]: 'a\ud83d' })).toContain(name);
      expect(refused({ [name]: '\udfffa' })).toContain(name);
      taken({ [name]: 'a\ufffd' });
    },
  );

  test('a refusal names the event where its id can be read, and only there', () => {
    expect(read({ session_id: '' })).toMatchObject({ eventId: 'e1' });
    expect(read({ event_id: 'a\0' })).toMatchObject({ eventId: null });
    expect(read({ event_id: 'a'.repeat(129) })).toMatchObject({ eventId: null });
  });
});

describe('event time', () => {
  test('without sent_at it is occurred_at, whatever else is given', () => {
    expect(taken({ received_at: NOW + 9 }, { timestamp: NOW, receivedAtHeader: NOW + 7 }).t).toBe(NOW);
  });

  test('with sent_at it is the time of receipt less the delay: field before header before record', () => {
    const late = { occurred_at: NOW - 3_600_000, sent_at: NOW - 3_590_000 };
    const header = { timestamp: NOW, receivedAtHeader: NOW + 200 };
    expect(taken({ ...late, received_at: NOW + 100 }, header).t).toBe(NOW + 100 - 10_000);
    expect(taken(late, header).t).toBe(NOW + 200 - 10_000);
    expect(taken(late, { timestamp: NOW, receivedAtHeader: null }).t).toBe(NOW - 10_000);
  });

  test('sent before it occurred is sent at once', () => {
    expect(taken({ sent_at: NOW - 60_000 }).t).toBe(NOW + 500);
  });

  test('the first moment of the year 2000 is taken and the one before is not', () => {
    expect(taken({ occurred_at: 946_684_800_000 }).t).toBe(946_684_800_000);
    expect(refused({ occurred_at: 946_684_799_999 })).toContain('2000');
    // A device's clock may say 1970: what counts is the time without it.
    expect(taken({ occurred_at: 1000, sent_at: 3000 }).t).toBe(NOW + 500 - 2000);
  });

  test.each([NOW + 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('a time of %d ms is invalid', (time) => {
    expect(refused({ occurred_at: time })).toContain('whole number');
    expect(refused({ sent_at: NOW, received_at: time })).toContain('whole number');
  });

  test('a header that is no number is refused where the time would be made from it, and only there', () => {
    const at = { timestamp: NOW, receivedAtHeader: Number.NaN };
    expect(refused({ sent_at: NOW }, at)).toContain('tidemark-received-at');
    taken({ sent_at: NOW, received_at: NOW }, at);
    taken({}, at);
  });
});

describe('context', () => {
  test('keys that say nothing are left out, nulls inside taken out, and keys are in order', () => {
    const event = taken({
      context: {
        utm: { source: null, medium: null },
        user_agent: 'UA',
        page: { url: null, title: '', path: '/a' },
        location: {},
        ip: '',
        extra: { z: '1', a: '' },
        device: { type: 'mobile', brand: null },
      },
    });
    expect(JSON.stringify(contextEntries(event))).toBe(
      '[["device",{"type":"mobile"}],["extra",{"a":"","z":"1"}],["page",{"path":"/a","title":""}],["user_agent","UA"]]',
    );
    expect(contextEntries(taken({ context: { extra: {}, ip: null } }))).toEqual([]);
  });

  test('NUL and what is no Unicode becomes U+FFFD; of two keys that come out the same the last counts', () => {
    const extra = [
      ['k\0', 'first'],
      ['b', 'x\0y\ud800'],
      ['k\ufffd', 'second'],
    ] as const;
    expect(contextOf({ extra, page: { title: 'a\0b' } })).toEqual({
      extra: { b: 'x\ufffdy\ufffd', 'k\ufffd': 'second' },
      page: { title: 'a\ufffdb' },
    });
  });

  test('a key __proto__ is kept as any other', () => {
    const event = taken({
      context: { extra: [['__proto__', 'x']] },
      traits: JSON.parse('{"__proto__":"y"}'),
    });
    expect(JSON.stringify(contextEntries(event))).toBe('[["extra",{"__proto__":"x"}]]');
    expect(event.traits).toEqual([['__proto__', 'y']]);
  });

  test.each([
    ['a', 1],
    ['\u0001', 6],
    ['"', 2],
    ['ż', 2],
  ])('32 KB as JSON are taken and a byte more is not (characters like %j)', (character, bytes) => {
    const frame = Buffer.byteLength('{"extra":{"k":""}}');
    const fill = Math.floor((32_768 - frame) / bytes);
    const text = character.repeat(fill) + 'a'.repeat(32_768 - frame - fill * bytes);
    taken({ context: { extra: { k: text } } });
    expect(refused({ context: { extra: { k: `${text}a` } } })).toContain('32769 bytes');
  });

  test('32 KB are counted over all of the context, its columns uncut', () => {
    const text = 'a'.repeat(8000);
    const context = { page: { path: text, title: text }, user_agent: text, device: { os: text } };
    expect(contextOf(context)).toEqual(context);
    expect(taken({ context }).page).toBe('a'.repeat(2048));
    expect(refused({ context: { ...context, ip: text } })).toContain('context');
  });

  test('what is never over the bound by its length is never over it in truth', () => {
    const text = fc.string({ unit: 'binary', maxLength: 700 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 6 }), (pairs) => {
        const entry = read({ context: { extra: pairs, user_agent: pairs[0]?.[0] }, traits: pairs });
        if (isRefusal(entry)) return;
        expect(Buffer.byteLength(JSON.stringify(Object.fromEntries(contextEntries(entry))))).toBeLessThanOrEqual(
          32_768,
        );
        expect(Buffer.byteLength(JSON.stringify(Object.fromEntries(entry.traits)))).toBeLessThanOrEqual(32_768);
      }),
    );
  });
});

describe('columns', () => {
  test('page is page.path before the path of page.url, an empty text says nothing', () => {
    const page = (page: DecodedContext['page']) => taken({ context: { page } }).page;
    expect(page({ path: '/a', url: 'https://x/b' })).toBe('/a');
    expect(page({ path: '', url: 'https://x/b?c#d' })).toBe('/b');
    expect(page({ url: 'https://x' })).toBe('/');
    expect(page({ url: '?q=1' })).toBeNull();
    expect(page({ url: '' })).toBeNull();
    expect(page({ title: 'x' })).toBeNull();
  });

  test.each([
    ['https://shop.example/p/7?x=1', '/p/7'],
    ['https://shop.example', '/'],
    ['https://shop.example?x', '/'],
    ['https://shop.example#x', '/'],
    ['//shop.example/a', '/a'],
    ['/a/b?c', '/a/b'],
    ['a/b#c', 'a/b'],
    ['urn:isbn:1', 'isbn:1'],
    ['file:///etc', '/etc'],
    ['HTTP://X/%7Ea/../b\\c d', '/%7Ea/../b\\c d'],
    ['https://[::1]:80/x', '/x'],
    ['', ''],
    ['#x', ''],
  ])('the path of %j is %j, as RFC 3986 splits it', (url, path) => {
    expect(pathOf(url)).toBe(path);
  });

  test('texts of columns are cut to 2,048 bytes at a character, the context is not', () => {
    const long = `${'a'.repeat(2047)}ż`;
    const event = taken({
      context: {
        page: { url: `https://x/${long}`, referrer: long },
        utm: { source: long },
        device: { type: long },
      },
    });
    const cut = 'a'.repeat(2047);
    expect(event.page).toBe(`/${cut}`);
    expect(event.referrer).toBe(cut);
    expect(event.utm).toEqual([cut, null, null, null, null]);
    expect(event.named?.[0]).toBe(cut);
    expect(Object.fromEntries(contextEntries(event))).toMatchObject({ utm: { source: long }, device: { type: long } });
  });

  test('each value stands in its place', () => {
    const event = taken({
      context: {
        page: { referrer: 'r' },
        utm: { source: '1', medium: '2', campaign: '3', term: '4', content: '5' },
        device: { type: 'a', brand: 'b', model: 'c', os: 'd', browser: 'e', screen: 'x' },
        location: { country: 'f', region: 'g', city: 'h', timezone: 'x' },
        language: 'i',
      },
    });
    expect(event.referrer).toBe('r');
    expect(event.utm).toEqual(['1', '2', '3', '4', '5']);
    expect(event.named).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
  });

  test('values that are all absent or empty say nothing', () => {
    const event = taken({
      context: { page: { referrer: '' }, utm: { source: '', term: '' }, device: { screen: '1x1', type: '' } },
    });
    expect(event).toMatchObject({ referrer: null, utm: null, named: null });
    expect(taken({ context: { utm: { source: '', term: 'x' } } }).utm).toEqual([null, null, null, 'x', null]);
  });
});

describe('traits and properties', () => {
  test('traits keep their types, a null and an empty text are values', () => {
    expect(taken({ traits: { b: null, a: '', d: true, c: -0, e: 1.5 } }).traits).toEqual([
      ['a', ''],
      ['b', null],
      ['c', 0],
      ['d', true],
      ['e', 1.5],
    ]);
  });

  test("a trait's key is cut like any text that goes into a column, and of two that become one the last stays", () => {
    const long = 'ą'.repeat(1_100);
    const { traits } = taken({ traits: { [`${long}1`]: 1, [`${long}2`]: 2, a: 3 } });
    expect(traits).toEqual([
      ['a', 3],
      ['ą'.repeat(1_024), 2],
    ]);
  });

  test('traits are in the order of UTF-8 bytes', () => {
    const keys = ['😀', '\uffff', '9', '10', 'b', 'B'];
    expect(taken({ traits: Object.fromEntries(keys.map((key) => [key, 1])) }).traits.map(([key]) => key)).toEqual([
      '10',
      '9',
      'B',
      'b',
      '\uffff',
      '😀',
    ]);
  });

  test('100 traits are taken and 101 are not', () => {
    const traits = (n: number) => Array.from({ length: n }, (_, i) => [`k${i}`, i] as const);
    expect(taken({ traits: traits(100) }).traits).toHaveLength(100);
    expect(refused({ traits: traits(101) })).toContain('101 traits');
    // The same key again is the same trait.
    taken({ traits: [...traits(100), ['k1', 5]] });
  });

  test('traits of 32 KB as JSON are taken and a byte more is not', () => {
    const text = 'a'.repeat(32_768 - '{"k":"","n":-1.2345678901234568e-300}'.length);
    taken({ traits: { k: text, n: -1.2345678901234568e-300 } });
    expect(refused({ traits: { k: `${text}a`, n: -1.2345678901234568e-300 } })).toContain('32769 bytes');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%d is invalid', (value) => {
    expect(refused({ traits: { a: value } })).toContain('"a"');
    // Whether properties are kept decides nothing.
    expect(refused({ properties: { a: value } })).toContain('"a"');
    expect(isRefusal(read({ properties: { a: value } }, AT, true))).toBe(true);
  });

  test('properties are kept as one JSON text whatever their order, if they are kept', () => {
    const a = taken({ properties: { b: 1, '10': null, '9': 'x\0' } }, AT, true);
    const b = taken({ properties: { '9': 'x\0', b: 1, '10': null } }, AT, true);
    expect(a.properties).toBe('{"10":null,"9":"x\ufffd","b":1}');
    expect(b.properties).toBe(a.properties);
    expect(taken({}, AT, true).properties).toBe('{}');
    expect(taken({ properties: { a: 1 } }).properties).toBeNull();
  });
});
