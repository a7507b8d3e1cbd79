// Asks for news over HTTP, for as long as there is no WebSocket.

import { UnauthorizedError } from './errors.js';

/**
 * Fetches what is new, as frames that the WebSocket would have brought: one, several, or nothing.
 * @typedef {(call: {signal: AbortSignal}) => Promise<any>} Poll
 */

export class Polling {
  #poll;
  #interval;
  #listener;
  /** @type {AbortController | undefined} */
  #life;

  /**
   * @param {Poll | undefined} poll
   * @param {number} interval  in ms, from an answer to the next question
   * @param {{onFrame: (frame: any) => void, onUnauthorized: () => void}} listener
   */
  constructor(poll, interval, listener) {
    this.#poll = poll;
    this.#interval = interval;
    this.#listener = listener;
  }

  get isPossible() {
    return this.#poll !== undefined;
  }

  start() {
    if (this.#life || !this.#poll) return;
    this.#life = new AbortController();
    this.#ask(this.#poll, this.#life.signal);
  }

  stop() {
    this.#life?.abort();
    this.#life = undefined;
  }

  /** @param {Poll} poll @param {AbortSignal} signal */
  async #ask(poll, signal) {
    try {
      const news = await poll({ signal });
      if (signal.aborted) return;
      for (const frame of [news ?? []].flat()) this.#listener.onFrame(frame);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof UnauthorizedError) return this.#listener.onUnauthorized();
      // anything else is an outage, and the reason for polling in the first place
    }
    // a tenth more or less: tabs that began together drift apart
    const timer = setTimeout(() => this.#ask(poll, signal), this.#interval * (0.9 + Math.random() / 5));
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }
}
