// What waits to be sent until the link is open.

import { ChannelsError } from './errors.js';

/**
 * What to do with one message too many: `reject` it, or reject the oldest that waits in favour of it.
 * @typedef {'reject' | 'drop-oldest'} Overflow
 */
/**
 * @typedef {object} Waiting
 * @property {string} text
 * @property {() => void} sent
 * @property {(error: ChannelsError) => void} failed
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

export class SendQueue {
  /** @type {Waiting[]} */
  #waiting = [];
  #size;
  #overflow;
  #limit;
  /** How many messages were rejected because the queue was full, or because they waited too long. */
  dropped = 0;

  /** @param {{size: number, overflow: Overflow, limit: number}} bounds  messages, and ms that one may wait */
  constructor({ size, overflow, limit }) {
    this.#size = size;
    this.#overflow = overflow;
    this.#limit = limit;
  }

  get length() {
    return this.#waiting.length;
  }

  /** @param {string} text @returns {Promise<void>} settles when it was sent, or will not be */
  push(text) {
    return new Promise((sent, failed) => {
      if (this.#waiting.length >= this.#size) {
        const error = new ChannelsError('queue_full', `${this.#size} messages wait to be sent already`);
        this.dropped += 1;
        const oldest = this.#overflow === 'drop-oldest' && this.#waiting.shift();
        if (!oldest) return failed(error);
        clearTimeout(oldest.timer);
        oldest.failed(error);
      }
      /** @type {Waiting} */
      const entry = { text, sent, failed };
      entry.timer = setTimeout(() => this.#expire(entry), this.#limit);
      this.#waiting.push(entry);
    });
  }

  /** Sends what waits, in order. @param {(text: string) => boolean} send  whether it could */
  flush(send) {
    while (this.#waiting.length > 0 && send(this.#waiting[0].text)) {
      const { sent, timer } = /** @type {Waiting} */ (this.#waiting.shift());
      clearTimeout(timer);
      sent();
    }
  }

  /** Rejects what waits. @param {ChannelsError} error */
  clear(error) {
    for (const { failed, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      failed(error);
    }
  }

  /** @param {Waiting} entry */
  #expire(entry) {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    this.dropped += 1;
    entry.failed(new ChannelsError('timeout', `not sent within ${this.#limit / 1000} s: there is no connection`));
  }
}
