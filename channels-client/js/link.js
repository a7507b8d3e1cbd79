// One WebSocket that keeps itself alive: what each close code asks for, and when to try again.
// It knows frames no better than as text; conversation.js does.

import { pauseAfter, slowly } from './backoff.js';
import { LOST, NORMAL, RATE_LIMITED, UNAUTHENTICATED, afterClose, isFinal, nameOf } from './codes.js';
import { UnauthorizedError } from './errors.js';
import { Heartbeat } from './heartbeat.js';
import { isOffline } from './page.js';
import { Polling } from './polling.js';
import { openSocket } from './socket.js';
import { TokenSource } from './token.js';

/**
 * `idle`: no attempt is made, because there is no token or the page is not shown. `connecting`: the first attempt,
 * or one that was asked for. `open`. `reconnecting`: it broke, and will be tried again. `polling`: the same, and
 * news come over HTTP. `unauthorized`: the server does not take the token. `closed`: it has ended, or was given up.
 * @typedef {'idle' | 'connecting' | 'open' | 'reconnecting' | 'polling' | 'unauthorized' | 'closed'} State
 */
/**
 * @typedef {object} Status
 * @property {State} state
 * @property {number} [code]         the close code that led to this state
 * @property {string} [reason]       the server's words, or the code's name
 * @property {number} [retryAt]      when the next attempt begins (ms since the epoch); absent while one is under way
 * @property {boolean} [retryable]   when `closed`: whether `reconnect()` makes sense
 */
/** @typedef {import('./options.js').Settings} Settings */
/**
 * @typedef {object} LinkListener
 * @property {(status: Status) => void} onStatus
 * @property {(text: string) => void} onText      a frame of the WebSocket
 * @property {(frame: any) => void} onNews        a frame that polling brought
 * @property {() => void} onAttempt               a WebSocket is begun
 * @property {() => void} onSwitch                somebody else is logged in, or nobody
 */

/** A server that refuses completes the handshake first: so long (ms) an open socket is not believed to be one. */
const SETTLE = 50;
/** Between attempts while polling, when there have been more than `attempts` (ms). */
const SLOW_PACE = 60_000;
/** The largest part of what was sent that may still be on its way (bytes). */
const LARGEST_BACKLOG = 1 << 20;

export class Link {
  /** @type {Status} */
  status = { state: 'idle' };
  /** The token of the last attempt. @type {string | null} */
  token = null;
  tokens;
  heartbeat;
  #url;
  #settings;
  #listener;
  #polling;
  /** @type {WebSocket | undefined} */
  #socket;
  /** One for all: the limit to connect, then the time to prove stable, then the pause before the next attempt.
   * @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What was begun in another round is over. */
  #round = 0;
  #failures = 0;
  /** Whether the token was refreshed since the link was last stable. */
  #refreshed = false;
  #isHidden = false;
  /** Whether the page wants no connection. */
  #isStopped = true;
  #gaveUp = false;
  /** Whether the attempt that is waited for wants a new token. */
  #wantsRefresh = false;

  /** @param {string} url  absolute @param {Settings} settings @param {LinkListener} listener */
  constructor(url, settings, listener) {
    this.#url = url;
    this.#settings = settings;
    this.#listener = listener;
    this.tokens = new TokenSource(settings.token);
    this.heartbeat = new Heartbeat(
      { interval: settings.heartbeat, timeout: settings.heartbeatTimeout },
      { ping: () => this.transmit('{"type":"ping"}'), dead: () => this.#closed(LOST, 'no answer to a ping') },
    );
    this.#polling = new Polling(settings.poll, settings.pollInterval, {
      onFrame: listener.onNews,
      onUnauthorized: () => this.refuse('refused while polling'),
    });
  }

  /** An attempt, at once and from the beginning, whatever the state is. */
  start() {
    this.#failures = 0;
    this.#refreshed = this.#gaveUp = this.#isHidden = this.#isStopped = false;
    this.#abandon();
    this.#enter({ state: 'connecting' });
    this.#attempt();
  }

  /** The end, by the page's own will. */
  stop() {
    this.#isStopped = true;
    this.#abandon();
    this.#enter({ state: 'closed', code: NORMAL, reason: 'closed by the page', retryable: true });
  }

  /** Ends as after 4001, for a refusal that was heard elsewhere. @param {string} reason */
  refuse(reason) {
    this.#abandon();
    this.#enter({ state: 'unauthorized', code: UNAUTHENTICATED, reason });
  }

  /** @param {string} text @returns {boolean} whether an open socket took it */
  transmit(text) {
    const socket = this.#socket;
    if (!this.isOpen || socket?.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount > LARGEST_BACKLOG) return false;
    socket.send(text);
    return true;
  }

  /** The network is back, or somebody is looking: do not let them wait. */
  wake() {
    const { code, retryAt } = this.status;
    if (this.isOpen) this.heartbeat.probe();
    else if (this.#gaveUp) this.start();
    else if (retryAt !== undefined && code !== RATE_LIMITED) this.#attempt(this.#wantsRefresh);
  }

  /** The browser says that the network is gone: it may be wrong, so the server is asked. */
  doubt() {
    if (this.isOpen) this.heartbeat.probe();
  }

  /** The page goes into the browser's cache, or away. */
  hide() {
    if (!this.isAlive) return;
    this.#isHidden = true;
    this.#abandon();
    this.#enter({ state: 'idle', reason: 'the page is not shown' });
  }

  /** The page is back. */
  show() {
    if (this.#isHidden) this.start();
  }

  /** The user may be another one: the token tells. */
  async tokenChanged() {
    if (this.#isHidden || this.#isStopped || await this.#hasTheToken()) return;
    this.#listener.onSwitch();
    this.start();
  }

  /** Somebody takes it up again who need not be the one that left it. */
  async takeUp() {
    if (this.#socket && this.tokens.isNeeded) await this.tokenChanged();
  }

  /** Whether there is a WebSocket, and with the token that the page has now. */
  async #hasTheToken() {
    this.tokens.forget();
    if (!this.#socket || !this.tokens.isNeeded) return false;
    const round = this.#round;
    // one that cannot be had now is not the one we have
    const token = await this.tokens.get().catch(() => null);
    return round !== this.#round || token === this.token;
  }

  get isOpen() {
    return this.status.state === 'open';
  }

  /** Whether it is open, or will be. */
  get isAlive() {
    return ['connecting', 'open', 'reconnecting', 'polling'].includes(this.status.state);
  }

  async #attempt(refresh = false) {
    const round = this.#abandon();
    const { retryAt, ...status } = this.status;
    if (retryAt !== undefined) this.#enter(status);
    let token;
    try {
      token = await this.tokens.get({ refresh });
    } catch (error) {
      if (round !== this.#round) return;
      if (error instanceof UnauthorizedError) this.refuse(error.message);
      else this.#failed(undefined, 'the token cannot be had now', refresh);
      return;
    }
    if (round !== this.#round) return;
    const isMissing = this.tokens.isNeeded && !token;
    if (refresh && (isMissing || token === this.token)) {
      this.refuse(this.status.reason ?? 'refused');
    } else if (isMissing) {
      this.#enter({ state: 'idle', reason: 'no token' });
    } else {
      this.token = token;
      this.#open();
    }
  }

  #open() {
    const socket = openSocket(this.#url, this.token, this.#settings);
    this.#socket = socket;
    this.#listener.onAttempt();
    const { connectTimeout } = this.#settings;
    this.#timer = setTimeout(() => this.#closed(LOST, 'no connection in time'), connectTimeout);
    socket.onopen = () => this.#after(SETTLE, () => this.#opened());
    socket.onmessage = ({ data }) => {
      this.#opened();
      this.#listener.onText(data);
      this.heartbeat.heard(); // after it: a pong has told how long it took
    };
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  #opened() {
    if (this.isOpen) return;
    this.#after(this.#settings.stableAfter, () => {
      this.#failures = 0;
      this.#refreshed = false;
    });
    this.#enter({ state: 'open' });
    // somebody who was told may have ended it
    if (this.isOpen) this.heartbeat.start();
  }

  /** @param {number} code @param {string} words  the close frame's own reason */
  #closed(code, words) {
    this.#abandon();
    const reason = words || nameOf(code);
    const verdict = afterClose(code);
    if (verdict === 'retry') return this.#failed(code, reason);
    if (verdict === 'stop') return this.#enter({ state: 'closed', code, reason, retryable: !isFinal(code) });
    if (this.#refreshed || !this.tokens.canRefresh) return this.#enter({ state: 'unauthorized', code, reason });
    this.#refreshed = true;
    this.#enter({ state: 'reconnecting', code, reason });
    this.#attempt(true);
  }

  /**
   * @param {number | undefined} code @param {string} reason
   * @param {boolean} [refresh]  the next attempt wants a new token, since the one there is was refused
   */
  #failed(code, reason, refresh = false) {
    this.#wantsRefresh = refresh;
    const { attempts, pollAfter, maxDelay } = this.#settings;
    const offline = isOffline();
    // without a network, failing proves nothing
    if (!offline) this.#failures += 1;
    const tooMany = this.#failures > attempts;
    if (tooMany && !this.#polling.isPossible) {
      this.#gaveUp = true;
      return this.#enter({ state: 'closed', code, reason: `given up: ${reason}`, retryable: true });
    }
    const pace = tooMany ? SLOW_PACE : maxDelay;
    const pause = offline || tooMany ? slowly(pace) : pauseAfter(code, reason, this.#failures, this.#settings);
    const state = this.#polling.isPossible && this.#failures >= pollAfter ? 'polling' : 'reconnecting';
    this.#after(pause, () => this.#attempt(refresh));
    this.#enter({ state, code, reason, retryAt: Date.now() + pause });
  }

  /** @param {Status} status */
  #enter(status) {
    this.status = status;
    if (status.state === 'polling') this.#polling.start();
    else this.#polling.stop();
    this.#listener.onStatus(status);
  }

  /** @param {number} pause @param {() => void} then */
  #after(pause, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, pause);
  }

  /** Gives up what is under way. @returns {number} the new round */
  #abandon() {
    clearTimeout(this.#timer);
    this.heartbeat.stop();
    if (this.#socket) {
      this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = undefined;
    }
    this.#round += 1;
    return this.#round;
  }
}
