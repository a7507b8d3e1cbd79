// A new token over the open socket, before the old one expires.

import { ChannelsError } from './errors.js';
import { authenticate } from './socket.js';
import { expiryOf } from './token.js';

/** @typedef {import('./link.js').Link} Link */

/** Below this pause (ms) a token is as good as expired: no timer is set for less. */
const LEAST = 1_000;
/** The longest that `setTimeout` takes (ms). */
const LONGEST = 2 ** 31 - 1;

/**
 * Sends `{"type":"authenticate","token":…}`, which the server answers with `{"type":"authenticated","expires":…}`: when
 * the new token expires, in seconds since the epoch. A token of another user is refused with 4001.
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
  /** @type {Set<{done: () => void, failed: (error: ChannelsError) => void}>} */
  #waiting = new Set();

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
    this.#fail(new ChannelsError('closed', 'the connection was closed'));
  }

  /** Asks for a new token and offers it to the server. @returns {Promise<void>} settles with the server's answer */
  async now() {
    const token = await this.#link.tokens.get({ refresh: true });
    if (!token || !this.#link.transmit(authenticate(token))) {
      throw new ChannelsError('closed', 'there is no token, or no connection');
    }
    this.#offered = token;
    await new Promise((resolve, failed) => {
      const one = { done: () => resolve(undefined), failed };
      this.#waiting.add(one);
      const late = new ChannelsError('timeout', 'the server did not answer the new token');
      setTimeout(() => this.#waiting.delete(one) && failed(late), this.#limit);
    });
  }

  /** The server takes the new token. @param {{expires?: unknown}} frame */
  answered({ expires }) {
    if (this.#offered) this.#link.token = this.#offered;
    this.#offered = undefined;
    this.#schedule(typeof expires === 'number' ? expires * 1000 : undefined);
    for (const { done } of this.#waiting) done();
    this.#waiting.clear();
  }

  /** @param {number | undefined} expires  ms since the epoch */
  #schedule(expires) {
    clearTimeout(this.#timer);
    if (!this.#isAutomatic || expires === undefined) return;
    const left = expires - Date.now();
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

  /** @param {ChannelsError} error */
  #fail(error) {
    for (const { failed } of this.#waiting) failed(error);
    this.#waiting.clear();
  }
}
