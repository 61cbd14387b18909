import type { Random } from './random.ts';
import { ACTIONS, CAMPAIGNS, DEVICES, PAGES, PLACES, PLANS, REFERRERS } from './shop.ts';

/** A TrackEvent as a producer writes it, with the field names of `schemas/TrackEvent.avsc` and defaults filled in. */
export interface SimulatedEvent {
  event_id: string;
  session_id: string;
  profile_id: string | null;
  source_id: string | null;
  type: string;
  occurred_at: number;
  sent_at: number | null;
  received_at: number | null;
  debug: boolean;
  context: Record<string, unknown> | null;
  properties: Record<string, null | boolean | number | string>;
  traits: Record<string, null | boolean | number | string>;
}

export interface Habits {
  /** ms: pauses within a visit stay well below it, those between visits well above. */
  readonly gap: number;
  /** The number of profiles. */
  readonly profiles: number;
  /** Shares, 0 to 1: of visits that end with a sign-out, of sessions that are debug traffic, and of devices whose clock is wrong. */
  readonly signOut: number;
  readonly debug: number;
  readonly skewed: number;
}

/** Longest average time on one page, ms, however large the gap is. */
const LOOKING = 20_000;

/** A visitor with one session id: the next event, and the pause before it. */
export class Visitor {
  readonly sessionId: string;
  private readonly random: Random;
  private readonly habits: Habits;
  private readonly device: (typeof DEVICES)[number];
  private readonly place: (typeof PLACES)[number];
  private readonly referrer: string | null;
  private readonly campaign: (typeof CAMPAIGNS)[number];
  private readonly debug: boolean;
  /** How far the device's clock is ahead, ms. */
  private readonly skew: number;
  /** The profile once the visitor has signed in. */
  private readonly profile: number;
  private signedIn = false;
  private left: number;
  private first = true;
  private again: boolean;

  constructor(random: Random, habits: Habits) {
    this.random = random;
    this.habits = habits;
    this.sessionId = random.uuid();
    this.device = random.pickSkewed(DEVICES);
    this.place = random.pickSkewed(PLACES);
    this.referrer = random.pick(REFERRERS);
    this.campaign = random.pick(CAMPAIGNS);
    this.debug = random.chance(habits.debug);
    this.skew = random.chance(habits.skewed) ? Math.round(random.between(-1, 1) * 6 * 3_600_000) : 0;
    this.profile = random.below(habits.profiles);
    this.left = this.someEvents();
    this.again = random.chance(0.25);
  }

  /** The next event. @param now ms since the epoch, by a right clock. */
  act(now: number): SimulatedEvent {
    const { random } = this;
    this.left -= 1;
    const type = this.chooseType();
    if (type === 'sign-in') this.signedIn = true;
    const event: SimulatedEvent = {
      event_id: random.uuid(),
      session_id: this.sessionId,
      profile_id: this.signedIn ? `profile-${this.profile}` : `visitor-${this.sessionId.slice(0, 8)}`,
      source_id: 'shop',
      type,
      occurred_at: now + this.skew,
      sent_at: this.skew === 0 ? null : now + this.skew + random.below(200),
      received_at: null,
      debug: this.debug,
      context: this.context(type),
      properties: type === 'purchase' ? { amount: Math.round(random.between(10, 300) * 100) / 100, gift: false } : {},
      traits: type === 'sign-in' ? { plan: PLANS[this.profile % PLANS.length]!, visits_shop: true } : {},
    };
    if (type === 'sign-out') {
      this.signedIn = false;
      this.left = 0;
    }
    this.first = false;
    return event;
  }

  /** ms until the next event of this session; null: there is none. */
  pause(): number | null {
    const { random } = this;
    const { gap } = this.habits;
    if (this.left > 0) return Math.min(random.exponential(Math.min(LOOKING, gap / 12)), gap / 2);
    if (!this.again) return null;
    // The session id is used again after its visit ended.
    this.again = random.chance(0.25);
    this.left = this.someEvents();
    return gap * random.between(1.5, 2.5);
  }

  private someEvents(): number {
    return 1 + Math.floor(Math.min(this.random.exponential(7), 60));
  }

  private chooseType(): string {
    const { random } = this;
    if (this.first) return 'page-view';
    if (this.left === 0 && random.chance(this.habits.signOut)) return 'sign-out';
    if (!this.signedIn && random.chance(0.12)) return 'sign-in';
    return random.chance(0.7) ? 'page-view' : random.pick(ACTIONS);
  }

  private context(type: string): Record<string, unknown> {
    const { random, device, place } = this;
    const path = type === 'page-view' && this.first ? random.pickSkewed(PAGES) : random.pick(PAGES);
    return {
      page: { url: `https://shop.example${path}`, path, title: null, referrer: this.first ? this.referrer : null },
      utm: this.first ? this.campaign : null,
      device,
      location: place,
      ip: null,
      user_agent: null,
      extra: {},
    };
  }
}
