// The tasks on the screen: the newest first, once each, whichever way they came.

import { element, the } from './site.js';

/** @typedef {{id: number, below: number, state: string, attempt: number, parts: number, found: number, silent: number}} Task */

/** A worker tells of its task more often than this (ms): one that does not may be dead. */
const SILENT = 10_000;

const number = new Intl.NumberFormat([]);

/** @param {Task} task */
const titleOf = ({ below }) => `Primes below ${number.format(below)}`;

/** @param {Task} task @param {boolean} isSilent */
function about({ state, attempt, parts, found }, isSilent) {
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  switch (state) {
    case 'waiting': return 'Waiting for a worker';
    case 'running': return isSilent
      ? `No sign of life at ${parts} %${again}; another worker takes over`
      : `${parts} %${again}, ${number.format(found)} found`;
    case 'done': return `Done${again}: ${number.format(found)} primes`;
    case 'cancelled': return `Cancelled at ${parts} %`;
    default: return `Failed at ${parts} %`;
  }
}

/** A task on the screen. */
class Row {
  #heard = 0;
  /** @type {Task} */
  #task;
  #progress = element('progress', '');
  #about = element('p', 'about');
  #cancel = element('button', 'quiet cancel', 'Cancel');

  /** @param {Task} task @param {(id: number) => void} cancel */
  constructor(task, cancel) {
    this.#task = task;
    const title = element('p', 'title', titleOf(task));
    this.#progress.max = 100;
    this.#progress.ariaLabel = titleOf(task);
    this.#cancel.ariaLabel = `Cancel: ${titleOf(task)}`;
    this.#cancel.onclick = () => cancel(task.id);
    this.item = element('li', 'task');
    this.item.dataset.id = String(task.id);
    this.item.append(title, this.#cancel, this.#progress, this.#about);
    this.#draw(task);
  }

  /** Whether something was shown that is worth telling. @param {Task} task */
  show(task) {
    const { state, parts } = this.#task;
    // an answer may be older than the event that overtook it
    if (isEnd(state) || (task.state === 'waiting' && state !== 'waiting') || task.parts < parts) return false;
    this.#draw(task);
    return task.state !== state;
  }

  /** @param {Task} task */
  #draw(task) {
    this.#task = task;
    this.#heard = Date.now() - task.silent * 1000;
    this.tick();
  }

  /** What time alone changes. */
  tick() {
    const task = this.#task;
    const isSilent = task.state === 'running' && Date.now() - this.#heard > SILENT;
    this.item.dataset.state = isSilent ? 'silent' : task.state;
    this.#progress.value = task.parts;
    const text = about(task, isSilent);
    if (this.#about.textContent !== text) this.#about.textContent = text;
    if (isEnd(task.state) && document.activeElement === this.#cancel) the('below').focus();
    this.#cancel.hidden = isEnd(task.state);
  }

  get news() { return `${titleOf(this.#task)}: ${about(this.#task, false)}`; }
}

/** @param {string} state */
const isEnd = (state) => state !== 'waiting' && state !== 'running';

export class List {
  /** @type {Map<number, Row>} */
  #rows = new Map();
  #cancel;

  /** @param {(id: number) => void} cancel */
  constructor(cancel) {
    this.#cancel = cancel;
    setInterval(() => this.#rows.forEach((row) => row.tick()), 1_000);
  }

  clear() {
    this.#rows.clear();
    the('tasks').replaceChildren();
    the('news').textContent = '';
  }

  /** All there are, the newest first. @param {Task[]} tasks */
  showAll(tasks) {
    for (const task of [...tasks].reverse()) this.put(task);
    the('empty').hidden = this.#rows.size > 0;
  }

  /** One that is new, or has changed. Beginnings and ends are read out, percents are not. @param {Task} task */
  put(task) {
    const shown = this.#rows.get(task.id);
    if (shown) {
      if (shown.show(task)) the('news').textContent = shown.news;
      return;
    }
    const row = new Row(task, this.#cancel);
    const older = [...this.#rows].filter(([id]) => id < task.id).map(([, { item }]) => item);
    this.#rows.set(task.id, row);
    the('tasks').insertBefore(row.item, older.at(-1) ?? null);
    the('empty').hidden = true;
  }
}
