// Where the token comes from: one call at a time, whoever asks.

import { ChannelsError } from './errors.js';

/**
 * Why a token is wanted. `refresh`: the server refused the one before, or it is about to expire; fetch a new one.
 * @typedef {{refresh: boolean}} Want
 */
/**
 * The token, or what returns it. `null`, `undefined` or an empty string: nobody is logged in, so no attempt is made.
 * @typedef {string | null | ((want: Want) => string | null | undefined | Promise<string | null | undefined>)} Token
 */

/** How long a call may take (ms): one that never settles must not hold the connection for ever. */
const LIMIT = 15_000;

export class TokenSource {
  #token;
  /** @type {{call: Promise<string | null>, refresh: boolean} | undefined} */
  #pending;

  /** @param {Token | undefined} token  `undefined`: no token is needed, a cookie does it */
  constructor(token) {
    this.#token = token;
  }

  get isNeeded() {
    return this.#token !== undefined;
  }

  /** Whether asking again can bring another token. */
  get canRefresh() {
    return typeof this.#token === 'function';
  }

  /**
   * Joins a call that is under way, unless that one does not refresh and this one must.
   * @param {Want} [want]
   * @returns {Promise<string | null>}
   */
  get({ refresh } = { refresh: false }) {
    if (this.#pending && (this.#pending.refresh || !refresh)) return this.#pending.call;
    const call = this.#ask(refresh);
    const pending = { call, refresh };
    this.#pending = pending;
    const settled = () => {
      if (this.#pending === pending) this.#pending = undefined;
    };
    call.then(settled, settled);
    return call;
  }

  /** What is under way is nothing for those who ask from now on. */
  forget() {
    this.#pending = undefined;
  }

  /** @param {boolean} refresh @returns {Promise<string | null>} */
  async #ask(refresh) {
    if (typeof this.#token !== 'function') return this.#token || null;
    let timer;
    const late = new Promise((_, reject) => {
      const error = new ChannelsError('timeout', 'the token did not come in time');
      timer = setTimeout(reject, LIMIT, error);
    });
    try {
      return await Promise.race([this.#token({ refresh }), late]) || null;
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * When a JSON Web Token expires (ms since the epoch); `undefined` for one without an end, and for other tokens.
 * @param {string} token
 * @returns {number | undefined}
 */
export function expiryOf(token) {
  try {
    const claims = JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
    return typeof claims.exp === 'number' ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
