import { SpanIndex } from '../bytes/span-index.ts';
import { ReadEvent } from '../core/memory/read-event.ts';
import type { TrackEvent } from '../core/rules/event.ts';
import type { RawRecord } from '../ports/record.ts';
import type { Field, Plan, Step } from './avro-plan.ts';
import { canonicalObject } from './canonical-json.ts';
import { isSmall } from './context.ts';
import { ContextReader } from './context-reader.ts';
import { type Cursor, isNone, isSome, readBoolean, readLong, Unreadable } from './cursor.ts';
import type { DecodedEvent } from './decoded.ts';
import { receivedAt } from './headers.ts';
import { IdReader } from './id-reader.ts';
import { NO_PAIRS } from './pairs.ts';
import { type EventOptions, eventTime, propertiesOf, traitsOf } from './track-event.ts';

type Traits = TrackEvent['traits'];

/**
 * Reads the bytes of good events; most of what they say stood in others before, and is not decoded again.
 *
 * Invariant: what it reads as an event is exactly what `toEvent` makes of the record that `compileReader` reads. It
 * refuses nothing: whatever is not plainly good is left to those two, which also say what is wrong.
 *
 * Equal parts of events are the same objects, as long as they are remembered: the parts of the context and its entries,
 * `named`, `utm`, `traits`, page, referrer, type and ids other than the event's own. So nobody may ever change one.
 */
export class EventReader {
  /** Also says, after `read`, where the session id lies. */
  readonly ids = new IdReader();
  readonly #context = new ContextReader();
  readonly #traitsSpans = new SpanIndex(128, 512);
  readonly #traits = new Array<Traits>(this.#traitsSpans.slots).fill(NO_PAIRS);
  readonly #keepProperties: boolean;

  constructor({ keepProperties }: EventOptions) {
    this.#keepProperties = keepProperties;
  }

  /** @param c at the first field. @returns null where the record has to be read in full to know what it is. */
  read(c: Cursor, plan: Plan, record: RawRecord): TrackEvent | null {
    try {
      return this.#read(c, plan, record);
    } catch (error) {
      if (error instanceof Unreadable) return null;
      throw error;
    }
  }

  #read(c: Cursor, { steps, context: contextSteps }: Plan, record: RawRecord): TrackEvent | null {
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
        case 'who':
          sessionId = ids.who(c, step);
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
          debug = step.plain && step.none < 0 ? readBoolean(c) : step.read(c) === true;
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
      if (ids.isOdd) return null;
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

  /** @returns false where the event is odd. */
  #readContext(c: Cursor, step: Step, steps: Plan['context']): boolean {
    if (isNone(c, step.none)) return true;
    if (!isSome(c, step.none)) return false;
    const at = c.pos;
    this.#context.read(c, steps, this.ids.sessions, this.ids.session);
    return isSmall(c.pos - at);
  }

  #readTraits(c: Cursor, step: Step): Traits {
    if (isEmptyMap(c, step)) return NO_PAIRS;
    const spans = this.#traitsSpans;
    const at = c.pos;
    step.skip(c);
    const length = c.pos - at;
    const isShort = length <= spans.longest;
    const slot = isShort ? spans.find(c, at, length, step.kind) : -1;
    if (slot >= 0) return this.#traits[slot]!;
    c.pos = at;
    const traits = traitsOf(step.read(c) as DecodedEvent['traits']);
    if (typeof traits === 'string') {
      this.ids.isOdd = true;
      return NO_PAIRS;
    }
    if (isShort) this.#traits[spans.put(c, at, length, step.kind)] = traits;
    return traits;
  }

  #readProperties(c: Cursor, step: Step): string | null {
    if (isEmptyMap(c, step)) return this.#keepProperties ? '{}' : null;
    const decoded = step.read(c) as DecodedEvent['properties'];
    // What only checks them says null where nothing is wrong.
    if (decoded === null && !this.#keepProperties) return null;
    const properties = propertiesOf(decoded);
    if (typeof properties === 'string') {
      this.ids.isOdd = true;
      return null;
    }
    return this.#keepProperties ? canonicalObject(properties) : null;
  }
}

function isEmptyMap(c: Cursor, { plain, none }: Field): boolean {
  if (!plain || none >= 0 || c.pos >= c.end || c.buf[c.pos] !== 0) return false;
  c.pos++;
  return true;
}

function readNumber(c: Cursor, field: Field): number | null {
  if (isNone(c, field.none)) return null;
  return field.plain && isSome(c, field.none) ? readLong(c) : (field.read(c) as number | null);
}
