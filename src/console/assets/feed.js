// The live state, asked for again and again. The feed goes on through restarts of the processor, and knows how old its answer is.
import { get, Refused, TokenNeeded } from './api.js';

/** Time between two requests, ms; longer after a failure. */
const EVERY = 1_000;
const LONGEST = 10_000;
/** An answer older than this, ms, is called stale. */
const STALE = 4_000;

export class Feed {
  /** `onLive(live)`, `onState({ kind, since, why })`, `onToken()`. */
  constructor({ onLive, onState, onToken }) {
    Object.assign(this, { onLive, onState, onToken });
    this.live = null;
    this.heard = null;
    this.failures = 0;
    this.why = null;
    this.timer = null;
    this.running = false;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.running) this.soon(0);
    });
    setInterval(() => this.updateState(), 1_000);
  }

  start() {
    this.running = true;
    this.soon(0);
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), ms);
  }

  async ask() {
    // A page in the background is not seen, and need not ask.
    if (document.hidden && this.live !== null) return;
    try {
      const live = await get('live');
      if (!this.running) return;
      this.failures = 0;
      this.why = null;
      this.heard = Date.now();
      this.live = live;
      this.onLive(live);
    } catch (error) {
      if (!this.running) return;
      if (error instanceof TokenNeeded) {
        this.stop();
        this.onToken();
        return;
      }
      this.failures += 1;
      this.why = error instanceof Refused ? `it answers: ${error.message}` : error.message;
    }
    this.updateState();
    this.soon(Math.min(LONGEST, EVERY * 2 ** Math.min(this.failures, 4)));
  }

  updateState() {
    if (!this.running) return;
    const old = this.heard === null ? null : Date.now() - this.heard;
    if (this.heard === null)
      this.onState({ kind: this.why === null ? 'connecting' : 'away', since: null, why: this.why });
    else if (this.failures > 0 || old > STALE) this.onState({ kind: 'stale', since: this.heard, why: this.why });
    else this.onState({ kind: 'live', since: this.heard, why: null });
  }
}
