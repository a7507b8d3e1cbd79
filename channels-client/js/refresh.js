// A new token over the open socket, before the old one expires.

import { ChannelsError } from './errors.js';
import { Requests } from './requests.js';
import { authenticate } from './socket.js';
import { expiryOf } from './token.js';

/** @typedef {import('./link.js').Link} Link */

/** What the server answers a new token with. */
export const ANSWER = 'authenticated';
/** The shortest pause between two refreshes (ms), whatever this machine's clock says. */
const LEAST = 10_000;
/** The longest that `setTimeout` takes (ms). */
const LONGEST = 2 ** 31 - 1;

/**
 * Sends `{"type":"authenticate","token":…}`, which the server answers with `{"type":"authenticated","expires":…}`:
 * when the new token expires, in seconds since the epoch. One that is no good is answered with an
 * error frame, and one of another user with 4003.
 */
export class Refresh {
  #link;
  #before;
  #limit;
  #isAutomatic;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The token that the server looks at. @type {string | undefined} */
  #offered;
  #answers = new Requests();
  /** What is under way. @type {Promise<void> | undefined} */
  #refresh;

  /** @param {Link} link @param {import('./options.js').Settings} settings */
  constructor(link, { refresh, refreshBefore, requestTimeout }) {
    this.#link = link;
    this.#isAutomatic = refresh === 'in-band';
    this.#before = refreshBefore;
    this.#limit = requestTimeout;
  }

  /** The link is open with its token. */
  opened() {
    const { token } = this.#link;
    if (token) this.#schedule(expiryOf(token));
  }

  /** The link is not open any more: the next one asks for its own token. */
  closed() {
    clearTimeout(this.#timer);
    this.#offered = undefined;
    this.#answers.failAll(new ChannelsError('closed', 'the connection was closed'));
  }

  /**
   * Asks for a new token and offers it to the server, once for all who want that at the same time.
   * @returns {Promise<void>} settles with the server's answer
   */
  now() {
    this.#refresh ??= this.#offer().finally(() => { this.#refresh = undefined; });
    return this.#refresh;
  }

  async #offer() {
    const before = this.#link.token;
    const token = await this.#link.tokens.get({ refresh: true });
    // the token may be the former user's, and the WebSocket that is open now the new one's
    if (this.#link.token !== before) throw new ChannelsError('switched', 'the user has changed');
    if (!token || !this.#link.transmit(authenticate(token))) {
      throw new ChannelsError('closed', 'there is no token, or no connection');
    }
    this.#offered = token;
    await this.#answers.wait(this.#answers.nextRef(), { reply: ANSWER, limit: this.#limit });
  }

  /** The server takes the new token. @param {{expires?: unknown}} frame */
  answered(frame) {
    if (this.#offered) this.#link.token = this.#offered;
    this.#offered = undefined;
    this.#schedule(typeof frame.expires === 'number' ? frame.expires * 1000 : undefined);
    this.#answers.answered(frame);
  }

  /** @param {number | undefined} expires  ms since the epoch */
  #schedule(expires) {
    clearTimeout(this.#timer);
    if (!this.#isAutomatic || expires === undefined) return;
    const left = expires - Date.now();
    // the server took it: this machine's clock is wrong
    if (left <= 0) return;
    // a short-lived token is refreshed in the middle of its life
    const pause = Math.max(LEAST, left - Math.min(this.#before, left / 2));
    this.#timer = setTimeout(() => this.#tryNow(), Math.min(pause, LONGEST));
  }

  async #tryNow() {
    try {
      await this.now();
    } catch {
      // the server closes with 4001 when the old one expires, and the link then asks for a new one
    }
  }
}
