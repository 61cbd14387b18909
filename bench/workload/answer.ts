/** What is right: what the tables and the output topic have to hold once a workload is folded. */
export interface Answer {
  /** Without the closing events, which are a visit each. */
  readonly events: number;
  readonly visits: number;
  readonly closing: number;
  /** Of the rest nothing is known where the workload was written by another generator. */
  readonly profiles: ProfileSums | null;
  /** Sum of the visits' durations, ms. */
  readonly duration: number | null;
  readonly sessions: number | null;
}

/** Sums over all profiles, closing events included; `mixed` changes if visits or events are some other profile's. */
export interface ProfileSums {
  readonly profiles: number;
  readonly visits: number;
  readonly events: number;
  /** Sum of (n mod 9973 + 1) × (visits + 3 × events) over the profiles `p-n`. */
  readonly mixed: number;
}

/** Sessions of one profile. */
const PER_PROFILE = 3;

export function profileOf(session: number): number {
  return Math.floor(session / PER_PROFILE);
}

/** The answer as it grows with the traffic. */
export class Answering {
  #events = 0;
  #visits = 0;
  #sessions = 0;
  #duration = 0;
  #mixed = 0;
  #profiles = 0;

  begins(session: number, events: number, at: number): void {
    this.#count(session, events);
    this.#duration -= at;
  }

  ends(at: number): void {
    this.#duration += at;
  }

  #count(session: number, events: number): void {
    const profile = profileOf(session);
    this.#events += events;
    this.#visits += 1;
    this.#mixed += ((profile % 9_973) + 1) * (1 + 3 * events);
    // Sessions are numbered as they come, so their profiles are too.
    this.#sessions = Math.max(this.#sessions, session + 1);
    this.#profiles = Math.max(this.#profiles, profile + 1);
  }

  /** Closing events are visits of sessions after all others. */
  whole(closing: number): Answer {
    const events = this.#events;
    const visits = this.#visits;
    const sessions = this.#sessions;
    const duration = this.#duration;
    for (let i = 0; i < closing; i++) this.#count(sessions + i, 1);
    const profiles = {
      profiles: this.#profiles,
      visits: this.#visits,
      events: this.#events,
      mixed: this.#mixed,
    };
    return { events, visits, closing, profiles, duration, sessions };
  }
}
