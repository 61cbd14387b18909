import { ByteCache } from '../bytes/byte-cache.ts';
import { ReadEvent } from '../core/memory/read-event.ts';
import type { TrackEvent } from '../core/rules/event.ts';
import type { RawRecord } from '../ports/record.ts';
import type { Field, ReadPlan, ReadStep } from './avro-plan.ts';
import { canonicalObject } from './canonical-json.ts';
import { isSmall } from './context.ts';
import { ContextReader } from './context-reader.ts';
import { type Cursor, readBoolean, readLong, skipNonNull, skipNull, Unreadable } from './cursor.ts';
import type { DecodedEvent } from './decoded.ts';
import { receivedAt } from './headers.ts';
import { IdReader } from './id-reader.ts';
import { NO_PAIRS } from './pairs.ts';
import { type EventOptions, eventTime, propertiesOf, traitsOf } from './track-event.ts';

type Traits = TrackEvent['traits'];

/**
 * Reads the bytes of good events; most parts of them were met before, and are not decoded again.
 *
 * Invariant: what it reads as an event is exactly what `toEvent` makes of the record that `compileReader` reads. It
 * refuses nothing: whatever is not plainly good is left to those two, which also find what is wrong.
 *
 * Equal parts of events are the same objects, as long as they are remembered: the parts of the context and its entries,
 * `named`, `utm`, `traits`, page, referrer, type and ids other than the event's own. So they must never be changed.
 */
export class EventReader {
  /** Also has, after `read`, where the session id lies. */
  readonly ids = new IdReader();
  readonly #context = new ContextReader();
  readonly #traitsCache = new ByteCache(128, 512);
  readonly #traits = new Array<Traits>(this.#traitsCache.slots).fill(NO_PAIRS);
  readonly #keepProperties: boolean;

  constructor({ keepProperties }: EventOptions) {
    this.#keepProperties = keepProperties;
  }

  /** @param c at the first field. @returns null where the record has to be read in full to know what it is. */
  read(c: Cursor, plan: ReadPlan, record: RawRecord): TrackEvent | null {
    try {
      return this.#read(c, plan, record);
    } catch (error) {
      if (error instanceof Unreadable) return null;
      throw error;
    }
  }

  #read(c: Cursor, { steps, context: contextSteps }: ReadPlan, record: RawRecord): TrackEvent | null {
    const ids = this.ids;
    const context = this.#context;
    ids.clear();
    context.clear();
    let hasId = false;
    let sessionId = '';
    let type = '';
    let occurred: number | null = null;
    let sent: number | null = null;
    let received: number | null = null;
    let debug = false;
    let traits: Traits = NO_PAIRS;
    let properties: string | null = this.#keepProperties ? '{}' : null;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      switch (step.what) {
        case 'event_id':
          hasId = ids.eventId(c, step);
          break;
        case 'sessionAndOwner':
          sessionId = ids.sessionAndOwner(c, step);
          break;
        case 'owner':
          ids.owner(c, step);
          break;
        case 'type':
          type = ids.type(c, step);
          break;
        case 'occurred_at':
          occurred = readNumber(c, step);
          break;
        case 'sent_at':
          sent = readNumber(c, step);
          break;
        case 'received_at':
          received = readNumber(c, step);
          break;
        case 'debug':
          debug = step.isSimple && step.nullByte < 0 ? readBoolean(c) : step.read(c) === true;
          break;
        case 'context':
          if (!this.#readContext(c, step, contextSteps)) return null;
          break;
        case 'properties':
          properties = this.#readProperties(c, step);
          break;
        case 'traits':
          traits = this.#readTraits(c, step);
          break;
        default:
          step.skip(c);
      }
      if (ids.needsSlowPath) return null;
    }
    if (c.pos !== c.end || !hasId || sessionId === '' || type === '') return null;
    const t = eventTime(occurred, sent, received ?? receivedAt(record.headers) ?? record.timestamp);
    if (typeof t === 'string') return null;
    const event = new ReadEvent(ids.id, t);
    event.sessionId = sessionId;
    event.debug = debug;
    event.profileId = ids.profileId;
    event.sourceId = ids.sourceId;
    event.type = type;
    event.page = context.page;
    event.referrer = context.referrer;
    event.utm = context.utm;
    event.named = context.named;
    event.context = context.list;
    event.contextPage = context.pageEntry;
    event.contextUtm = context.utmEntry;
    event.traits = traits;
    event.properties = properties;
    event.shared = context.isShared;
    event.sessionHint = ids.session;
    return event;
  }

  /** @returns false where the event needs the slow path. */
  #readContext(c: Cursor, step: ReadStep, steps: ReadPlan['context']): boolean {
    if (skipNull(c, step.nullByte)) return true;
    if (!skipNonNull(c, step.nullByte)) return false;
    const at = c.pos;
    this.#context.read(c, steps, this.ids.sessions, this.ids.session);
    return isSmall(c.pos - at);
  }

  #readTraits(c: Cursor, step: ReadStep): Traits {
    if (skipEmptyMap(c, step)) return NO_PAIRS;
    const cache = this.#traitsCache;
    const at = c.pos;
    step.skip(c);
    const length = c.pos - at;
    const isShort = length <= cache.longest;
    const slot = isShort ? cache.find(c, at, length, step.fieldId) : -1;
    if (slot >= 0) return this.#traits[slot]!;
    c.pos = at;
    const traits = traitsOf(step.read(c) as DecodedEvent['traits']);
    if (typeof traits === 'string') {
      this.ids.needsSlowPath = true;
      return NO_PAIRS;
    }
    if (isShort) this.#traits[cache.put(c, at, length, step.fieldId)] = traits;
    return traits;
  }

  #readProperties(c: Cursor, step: ReadStep): string | null {
    if (skipEmptyMap(c, step)) return this.#keepProperties ? '{}' : null;
    const decoded = step.read(c) as DecodedEvent['properties'];
    // `compileCheck` reads null where nothing is wrong.
    if (decoded === null && !this.#keepProperties) return null;
    const properties = propertiesOf(decoded);
    if (typeof properties === 'string') {
      this.ids.needsSlowPath = true;
      return null;
    }
    return this.#keepProperties ? canonicalObject(properties) : null;
  }
}

function skipEmptyMap(c: Cursor, { isSimple, nullByte }: Field): boolean {
  if (!isSimple || nullByte >= 0 || c.pos >= c.end || c.buf[c.pos] !== 0) return false;
  c.pos++;
  return true;
}

function readNumber(c: Cursor, field: Field): number | null {
  if (skipNull(c, field.nullByte)) return null;
  return field.isSimple && skipNonNull(c, field.nullByte) ? readLong(c) : (field.read(c) as number | null);
}
