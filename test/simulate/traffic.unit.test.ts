import { describe, expect, test } from '@jest/globals';
import { isRefusal } from '../../src/core/rules/event.ts';
import { avroEncoder, jsonEncoder } from '../../src/simulate/encode.ts';
import { DEFAULT_TRAFFIC, type Simulated, type TrafficOptions, traffic } from '../../src/simulate/traffic.ts';
import { writeTraffic } from '../../src/simulate/write.ts';
import { AvroDecoder } from '../../src/wire/avro.ts';
import { TRACK_EVENT_SCHEMA } from '../../src/wire/schemas.ts';

const START = 1_767_225_600_000;
const GAP = 10_000;
const options: TrafficOptions = { ...DEFAULT_TRAFFIC, seed: 7, startAt: START, gap: GAP, rate: 100 };

function some(n: number, given: Partial<TrafficOptions> = {}): Simulated[] {
  const records = traffic({ ...options, ...given });
  return Array.from({ length: n }, () => records.next().value);
}
const eventsOf = (records: Simulated[]) => records.flatMap((record) => ('event' in record ? [record.event] : []));

describe('simulated traffic', () => {
  test('the same seed gives the same records, another seed others', () => {
    expect(some(2_000)).toEqual(some(2_000));
    expect(some(10)).not.toEqual(some(10, { seed: 8 }));
  });

  test('records come evenly at the rate, from the first second on', () => {
    const records = some(1_000);
    expect(records[0]!.delay).toBe(0);
    expect(records[999]!.delay).toBe(9_990);
    expect(records.map(({ delay }) => delay)).toEqual(records.map(({ delay }) => delay).sort((a, b) => a - b));
  });

  test('the shares are kept', () => {
    const records = some(20_000, { late: 0.1, resent: 0.05, broken: 0.02 });
    const share = (kind: Simulated['kind']) => records.filter((record) => record.kind === kind).length / records.length;
    expect(share('late')).toBeCloseTo(0.1, 1);
    expect(share('resent')).toBeCloseTo(0.05, 1);
    expect(share('broken')).toBeCloseTo(0.02, 1);
    const clean = some(5_000, { late: 0, resent: 0, broken: 0, debug: 0, signOut: 0 });
    expect(new Set(clean.map(({ kind }) => kind))).toEqual(new Set(['event']));
    expect(eventsOf(clean).some(({ debug, type }) => debug || type === 'sign-out')).toBe(false);
  });

  test('pauses of a session are well below the gap or well above it, where nothing is late', () => {
    const last = new Map<string, number>();
    const pauses: number[] = [];
    for (const record of some(20_000, { late: 0, resent: 0, broken: 0, skewed: 0 })) {
      const before = last.get(record.key);
      if (before !== undefined) pauses.push(record.delay - before);
      last.set(record.key, record.delay);
    }
    expect(pauses.filter((pause) => pause > 0.8 * GAP && pause < 1.4 * GAP)).toEqual([]);
    expect(pauses.filter((pause) => pause >= 1.4 * GAP).length).toBeGreaterThan(100);
  });

  test('a resent event is the same event, but for when it was sent', () => {
    const records = some(5_000, { resent: 0.2, skewed: 0.2 });
    const first = new Map<string, object>();
    for (const record of records) {
      if (!('event' in record)) continue;
      const { sent_at: _, ...event } = record.event;
      if (record.kind === 'resent') expect(event).toEqual(first.get(event.event_id));
      else first.set(event.event_id, event);
    }
  });

  test('an event is keyed by its session', () => {
    for (const record of some(1_000)) if ('event' in record) expect(record.key).toBe(record.event.session_id);
  });

  test('times by a wrong clock are corrected to within seconds of when they were sent', () => {
    const wrong = some(5_000, { skewed: 1, late: 0, resent: 0 }).filter((record) => 'event' in record);
    for (const { delay, event } of wrong as Extract<Simulated, { event: unknown }>[]) {
      expect(event.sent_at! - event.occurred_at).toBeGreaterThanOrEqual(0);
      expect(event.sent_at! - event.occurred_at).toBeLessThan(1_000);
      expect(Math.abs(event.occurred_at - START - delay)).toBeLessThanOrEqual(6 * 3_600_000);
    }
  });

  test('what is not broken decodes as TrackEvent and is within its bounds; what is broken does not', () => {
    const decoder = new AvroDecoder({ keepProperties: true });
    decoder.addWriter(5, TRACK_EVENT_SCHEMA);
    decoder.addWriter(0x7fffffff, 'null');
    const encode = avroEncoder(5);
    for (const [offset, record] of some(3_000, { broken: 0.1, resent: 0.1, skewed: 0.1 }).entries()) {
      const raw = { offset, timestamp: START + record.delay, key: null, value: encode(record), headers: [] };
      const [entry] = decoder.decode(raw).entries;
      expect(isRefusal(entry!)).toBe('broken' in record);
    }
  });

  test('as JSON it is the same event', () => {
    const [record] = some(1, { broken: 0 });
    expect(JSON.parse(jsonEncoder()(record!).toString())).toEqual((record as { event: object }).event);
  });
});

describe('writing traffic', () => {
  /** A clock that only sleeping moves. */
  async function write(given: { events?: number; duration?: number; stopAfter?: number }, rate = 1_000) {
    let time = 0;
    const controller = new AbortController();
    const sent: { at: number; n: number }[] = [];
    const written = await writeTraffic({
      records: traffic({ ...options, rate }),
      encode: jsonEncoder(),
      send: async (messages) => {
        sent.push({ at: time, n: messages.length });
        if (sent.length === given.stopAfter) controller.abort();
      },
      events: given.events ?? Number.POSITIVE_INFINITY,
      duration: given.duration ?? Number.POSITIVE_INFINITY,
      signal: controller.signal,
      now: () => time,
      sleep: async (ms) => {
        time += ms;
      },
    });
    return { written, sent, time };
  }

  test('as many events as were asked for, all of them sent', async () => {
    const { written, sent } = await write({ events: 1_234 });
    expect(written.records).toBe(1_234);
    expect(written.event + written.late + written.resent + written.broken).toBe(1_234);
    expect(sent.reduce((sum, { n }) => sum + n, 0)).toBe(1_234);
  });

  test('for as long as was asked for, at the rate', async () => {
    const { written, time } = await write({ duration: 5_000 });
    expect(written.records).toBe(5_001);
    expect(time).toBeGreaterThan(4_900);
    expect(time).toBeLessThanOrEqual(5_000);
  });

  test('no record is sent much before its time, nor much after', async () => {
    const { sent } = await write({ duration: 2_000 });
    let n = 0;
    for (const { at, n: more } of sent) {
      n += more;
      expect(Math.abs(at - n)).toBeLessThanOrEqual(50);
    }
  });

  test('a signal ends it, and what was taken is sent', async () => {
    const { written, sent } = await write({ stopAfter: 3 });
    expect(sent.length).toBeLessThanOrEqual(4);
    expect(written.records).toBe(sent.reduce((sum, { n }) => sum + n, 0));
  });

  test('no more goes out at once than a broker takes, however high the rate', async () => {
    const { sent } = await write({ events: 20_000 }, 1_000_000);
    expect(Math.max(...sent.map(({ n }) => n))).toBeLessThan(2_500);
  });
});
