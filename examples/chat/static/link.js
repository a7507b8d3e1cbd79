// One WebSocket that keeps itself alive: what each close code asks for, and when to try again.
// It knows nothing of the page; the page listens to its status and its frames.

/** @typedef {'idle' | 'connecting' | 'open' | 'reconnecting' | 'closed' | 'unauthorized'} State */

/**
 * @typedef {object} Status
 * @property {State} state
 * @property {number} [code]        the last close code, for as long as the link lives
 * @property {number} [retryAt]     while reconnecting: when the next attempt begins (ms since the epoch)
 * @property {string} [reason]      once it has ended: why, in words for the user
 * @property {boolean} [retryable]  once it has ended: whether trying again by hand makes sense
 */

/** What ends the link; after any other code it tries again. `final`: asking again gets the same answer.
 * @type {Record<number, {reason: string, final?: boolean}>} */
const STOPS = {
  1000: { reason: 'The server has ended this conversation.' },
  1002: { reason: 'The connection was closed: it did not follow the protocol.' },
  1003: { reason: 'The connection was closed: the server does not take such messages.' },
  1007: { reason: 'The connection was closed: a message was not valid text.' },
  1008: { reason: 'The connection was closed: it went against the server’s policy.' },
  1009: { reason: 'The connection was closed: a message was too big.' },
  4001: { reason: 'Your session has ended. Please log in again.', final: true },
  4003: { reason: 'You may not enter this room.', final: true },
  4009: { reason: 'This chat went on in another window.' },
  4400: { reason: 'The connection was closed: the server could not read a message.' },
  4500: { reason: 'Your access was withdrawn. Log out and in again.', final: true },
};
const UNAUTHENTICATED = 4001;
const DRAINING = 1012;
const RATE_LIMITED = 4029;

// milliseconds
const BACKOFF_BASE = 500;
const BACKOFF_CEILING = 20_000;
const LEAST_PAUSE = 200;
const CONNECT_LIMIT = 10_000;
const STABLE_AFTER = 5_000;

export class Link {
  /** @type {Status} */
  #status = { state: 'idle' };
  /** @type {WebSocket | undefined} */
  #socket;
  /** One for all: the limit to connect, then the time to prove stable, then the pause before a retry.
   * @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  #gaveUp = false;
  #life = new AbortController();

  /**
   * @param {string} url
   * @param {{onStatus: (status: Status) => void, onFrame: (frame: any) => void}} listener
   * @param {{attempts?: number}} [options]  how often to reconnect in a row before giving up
   */
  constructor(url, listener, { attempts = 10 } = {}) {
    this.url = url;
    this.listener = listener;
    this.attempts = attempts;
  }

  start() {
    const { signal } = this.#life;
    addEventListener('online', () => this.#wake(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake(), { signal });
    this.#connect();
  }

  /** The end, by our own will: nothing is reported after it. */
  stop() {
    this.#life.abort();
    clearTimeout(this.#timer);
    this.#release();
  }

  /** Ends as after 4001, for a refusal that was heard elsewhere: a REST call's 401. */
  refuse() {
    this.#release();
    this.#closed(UNAUTHENTICATED, '');
  }

  /** Another attempt, at once, because the user asks for it. */
  retry() {
    this.#failures = 0;
    this.#connect();
  }

  /** @param {unknown} value @returns {boolean} whether an open socket took it */
  send(value) {
    if (this.#status.state !== 'open') return false;
    this.#socket?.send(JSON.stringify(value));
    return true;
  }

  #connect() {
    this.#release();
    const socket = new WebSocket(this.url);
    socket.onopen = () => this.#enter({ state: 'open' }, STABLE_AFTER, () => { this.#failures = 0; });
    socket.onmessage = ({ data }) => this.listener.onFrame(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#socket = socket;
    this.#gaveUp = false;
    this.#enter({ state: 'connecting' }, CONNECT_LIMIT, () => socket.close());
  }

  /** @param {number} code @param {string} words  the close frame's own reason */
  #closed(code, words) {
    const stop = STOPS[code];
    this.#gaveUp = !stop && this.#failures >= this.attempts;
    if (code === UNAUTHENTICATED) {
      this.#enter({ state: 'unauthorized', code, reason: stop.reason });
    } else if (stop) {
      this.#enter({ state: 'closed', code, reason: stop.reason, retryable: !stop.final });
    } else if (this.#gaveUp) {
      this.#enter({ state: 'closed', code, reason: 'The server cannot be reached.', retryable: true });
    } else {
      const pause = pauseAfter(code, words, this.#failures++);
      this.#enter({ state: 'reconnecting', code, retryAt: Date.now() + pause }, pause, () => this.#connect());
    }
  }

  /** @param {Status} status @param {number} [delay] @param {() => void} [then] */
  #enter(status, delay, then) {
    clearTimeout(this.#timer);
    if (then) this.#timer = setTimeout(then, delay);
    this.#status = { code: this.#status.code, ...status };
    this.listener.onStatus(this.#status);
  }

  /** The network is back, or somebody is looking: do not let them wait. */
  #wake() {
    if (this.#gaveUp) this.retry();
    else if (this.#status.state === 'reconnecting') this.#connect();
  }

  #release() {
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }
}

/**
 * How long to wait: a random part of what it may be (full jitter), so that a crowd does not come back as one.
 * @param {number} code
 * @param {string} words  its number, in seconds, is the spread for 1012 and the least wait for 4029
 * @param {number} failures  how many came before this one
 */
function pauseAfter(code, words, failures) {
  const named = 1000 * Math.min(300, Number(/\d+(\.\d+)?/.exec(words)?.[0] ?? 0));
  if (code === DRAINING) return Math.max(LEAST_PAUSE, Math.random() * (named || 5000));
  const backoff = Math.max(LEAST_PAUSE, Math.random() * Math.min(BACKOFF_CEILING, BACKOFF_BASE * 2 ** failures));
  return code === RATE_LIMITED ? (named || 1000) + backoff : backoff;
}
