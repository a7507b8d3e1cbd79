// Who listens to what.

/** @typedef {{signal?: AbortSignal}} Subscription */

/** Listens to every type. */
export const ANY = '*';

export class Emitter {
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} type
   * @param {(event: any) => void} listener
   * @param {Subscription} [options]  until it is aborted
   * @returns {() => void} ends the subscription
   */
  on(type, listener, { signal } = {}) {
    if (signal?.aborted) return () => {};
    // one of its own, so that the same function can listen twice and leave once
    const own = (/** @type {any} */ event) => listener(event);
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(own));
    const off = () => {
      signal?.removeEventListener('abort', off);
      listeners.delete(own);
    };
    signal?.addEventListener('abort', off);
    return off;
  }

  /** @param {string} type @param {any} event */
  emit(type, event) {
    for (const kind of [type, ANY]) {
      for (const listener of [...this.#listeners.get(kind) ?? []]) call(listener, event);
    }
  }
}

/** A listener that throws is reported as the browser reports it, and keeps nobody else from the event.
 * @template T @param {(event: T) => void} listener @param {T} event */
export function call(listener, event) {
  try {
    listener(event);
  } catch (error) {
    setTimeout(() => { throw error; });
  }
}
