// Who is logged in, in this tab and in all others: the one place that has the token.

import { tokenChanged } from 'channels-client';
import { useSyncExternalStore } from 'react';

import { Account } from '/static/site.js';

/** Where the token is, in the browser's storage. */
export const TOKEN_KEY = Account.KEY;

export const EXPIRED = 'Your session has ended. Please log in again.';
const UNTOLD = 'You are logged out in this browser. The server could not be told: there the login ends by itself.';

class Session extends Account {
  /** Why it ended, for who did not end it. */
  farewell = '';
  #listeners = new Set();
  /** The token that the socket has. @type {string | null} */
  #presented = null;

  constructor() {
    super();
    // another tab has logged in or out; without a key, all of the storage was cleared
    addEventListener('storage', ({ key }) => {
      if (key === TOKEN_KEY || key === null) this.#changed();
    });
  }

  /** The token for the next socket. */
  present = () => {
    this.#presented = this.token;
    return this.#presented;
  };

  /** @param {() => void} listener @returns {() => void} ends the subscription */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async logIn(username, password) {
    await super.logIn(username, password);
    this.farewell = '';
    this.#changed();
    tokenChanged();
  }

  /** Here and in all tabs. */
  logOut() {
    return this.#leave('/api/logout');
  }

  /** On all devices. */
  logOutEverywhere() {
    return this.#leave('/api/logout-all');
  }

  /** The server does not take the token any more. @param {string} farewell */
  end(farewell) {
    this.farewell = farewell;
    this.forget();
    this.#changed();
    tokenChanged();
  }

  /**
   * The server does not take the socket's token. A newer one, of another tab's login, is not meant.
   * @param {string} farewell
   */
  endPresented(farewell) {
    if (this.token !== null && this.token === this.#presented) this.end(farewell);
  }

  async call(method, path, body, signal) {
    const { token } = this;
    try {
      return await super.call(method, path, body, signal);
    } catch (error) {
      if (error.status === 401 && token !== null && token === this.token) this.end(EXPIRED);
      throw error;
    }
  }

  /**
   * The call takes the token along; then the browser forgets it, whether or not the server can be reached.
   * @param {string} path
   */
  async #leave(path) {
    const told = super.call('POST', path);
    this.end('');
    try {
      await told;
    } catch ({ status }) {
      if (status === 401) return; // it has ended there before
      this.farewell = UNTOLD;
      this.#changed();
    }
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }
}

export const session = new Session();

/** @returns {string | null} the token: another one is another login */
export function useToken() {
  return useSyncExternalStore(session.subscribe, () => session.token);
}

/** @returns {string} */
export function useFarewell() {
  return useSyncExternalStore(session.subscribe, () => session.farewell);
}
