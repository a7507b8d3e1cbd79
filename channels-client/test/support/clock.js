// Time that passes when a test says so.

/** The event loop's own, for what promises still have to do. */
const { setImmediate } = globalThis;

export class Clock {
  /** When the next one begins: on a day of its own. */
  static #day = Date.UTC(2026, 0, 1);
  /** ms since the epoch */
  now = (Clock.#day += 24 * 3_600_000);
  /** @type {Map<number, {due: number, callback: () => void}>} */
  #timers = new Map();
  #count = 0;

  install() {
    const { set, clear } = this;
    Object.assign(globalThis, { setTimeout: set.bind(this), clearTimeout: clear.bind(this) });
    Date.now = () => this.now;
  }

  /** @param {(...args: any[]) => void} callback @param {number} [pause] @param {any[]} args */
  set(callback, pause = 0, ...args) {
    this.#count += 1;
    this.#timers.set(this.#count, { due: this.now + pause, callback: () => callback(...args) });
    return this.#count;
  }

  /** @param {number} id */
  clear(id) {
    this.#timers.delete(id);
  }

  /** Lets so much time pass (ms), and everything happen that is due. @param {number} [time] */
  async pass(time) {
    const end = this.now + (time || 0);
    await idle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [id, { due, callback }] = next;
      this.now = Math.max(this.now, due);
      this.#timers.delete(id);
      callback();
      await idle();
    }
    this.now = end;
  }

  /** The machine sleeps: time passes, and no timer with it. @param {number} time  ms */
  sleep(time) {
    this.now += time;
  }

  /** How many timers are set. */
  get pending() {
    return this.#timers.size;
  }

  /** @param {number} end */
  #next(end) {
    const due = [...this.#timers].filter(([, timer]) => timer.due <= end);
    return due.sort(([, a], [, b]) => a.due - b.due)[0];
  }
}

function idle() {
  return new Promise((resolve) => { setImmediate(resolve); });
}
