// Who is typing. It is told every few seconds while somebody does, and forgotten when that stops.

/** One who types says so once in this time (ms). */
const EVERY = 2_000;
/** Nobody types any more who has not said so for this long (ms): one time may be lost. */
const FORGOTTEN = 5_000;

export class Typing {
  /** When each is forgotten. @type {Map<string, number>} */
  #timers = new Map();
  #told = -Infinity;

  /** @param {HTMLElement} line  where it stands */
  constructor(line) {
    this.line = line;
  }

  /** Whether it is time to tell the others. Then it counts as told. */
  isDue() {
    const due = performance.now() - this.#told >= EVERY;
    if (due) this.#told = performance.now();
    return due;
  }

  /** @param {string} name */
  heard(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, window.setTimeout(() => this.stopped(name), FORGOTTEN));
    this.#show();
  }

  /** @param {string} name */
  stopped(name) {
    clearTimeout(this.#timers.get(name));
    if (this.#timers.delete(name)) this.#show();
  }

  /** Those of another room, and what was told there. */
  clear() {
    for (const name of this.#timers.keys()) this.stopped(name);
    this.#told = -Infinity;
  }

  /** What comes next is told at once. */
  said() {
    this.#told = -Infinity;
  }

  #show() {
    const names = [...this.#timers.keys()];
    const many = names.length > 2 ? 'Several people are' : `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'}`;
    this.line.textContent = names.length > 0 ? `${many} typing…` : '';
  }
}
