// Asks the server for a sign of life, and notices when there is none.

/** A timer that comes so late (ms) tells of a machine that slept, and of nothing else. */
const SLEPT = 2_000;

/**
 * Sends `{"type":"ping"}` at intervals; any frame that comes back is a sign of life. A server that has never answered a
 * ping is not taken for dead: it may not know them.
 */
export class Heartbeat {
  #interval;
  #timeout;
  #ping;
  #dead;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** When the ping that is unanswered was sent. @type {number | undefined} */
  #asked;
  /** When the timer is due (ms since the epoch). */
  #due = 0;
  #isAnswered = false;
  /** Whether the unanswered ping is the second one, after a sleep. */
  #isSecond = false;

  /**
   * @param {{interval: number, timeout: number}} times  in ms; an interval of 0 switches it off
   * @param {{ping: () => void, dead: () => void}} link
   */
  constructor({ interval, timeout }, { ping, dead }) {
    this.#interval = interval;
    this.#timeout = timeout;
    this.#ping = ping;
    this.#dead = dead;
  }

  /** The link is open: asks at once, so that its latency is known. */
  start() {
    this.stop();
    this.probe();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = this.#asked = undefined;
    this.#isSecond = false;
  }

  /** Asks now: the network has changed, or somebody looks at the page again. */
  probe() {
    if (!this.#interval) return;
    this.#asked = Date.now();
    this.#ping();
    this.#wait(this.#timeout);
  }

  /** A frame came, whichever. */
  heard() {
    if (this.#asked === undefined) return;
    this.#rest();
  }

  /** The answer to a ping. @returns {number | undefined} how long it took (ms) */
  pong() {
    this.#isAnswered = true;
    const latency = this.#asked === undefined ? undefined : Date.now() - this.#asked;
    this.heard();
    return latency;
  }

  #rest() {
    this.#asked = undefined;
    this.#isSecond = false;
    this.#wait(this.#interval);
  }

  /** @param {number} pause */
  #wait(pause) {
    clearTimeout(this.#timer);
    this.#due = Date.now() + pause;
    this.#timer = setTimeout(() => this.#wake(), pause);
  }

  #wake() {
    const slept = Date.now() - this.#due > SLEPT;
    if (this.#asked === undefined) return this.probe();
    if (slept && !this.#isSecond) {
      // what came during the sleep is still to be read: silence proves nothing yet
      this.#isSecond = true;
      return this.probe();
    }
    if (this.#isAnswered) this.#dead();
    else this.#rest();
  }
}
