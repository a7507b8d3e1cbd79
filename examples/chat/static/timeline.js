// The messages of one room on the screen: in the order of their ids, once each, whichever way they came.

import { element, paintAvatar } from './site.js';

/** @typedef {{id: number, from: string, text: string, at: string}} Message */

/** While the reader is at the end, no more messages than this are kept on the page. */
const KEPT = 500;
/** Two messages of one author within this time (ms) stand together under one name. */
const ONE_BREATH = 5 * 60_000;
/** The reader is "at the end" within this many pixels of it. */
const NEAR = 80;

const clock = new Intl.DateTimeFormat([], { hour: 'numeric', minute: '2-digit' });
const date = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' });
const calendar = new Intl.DateTimeFormat([], { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export class Timeline {
  /** @type {Map<number, Message>} */
  #shown = new Map();
  atEnd = true;

  /** @param {HTMLElement} scroller @param {HTMLElement} list @param {string} me  whose messages are "own" */
  constructor(scroller, list, me) {
    this.scroller = scroller;
    this.list = list;
    this.me = me;
    list.replaceChildren();
  }

  get oldest() { return idOf(this.list.firstElementChild); }
  get newest() { return idOf(this.list.lastElementChild); }

  /** To be called when the view has moved under the reader's hand. */
  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.atEnd = true;
  }

  /** @param {number} id  what is older leaves the page */
  forgetBefore(id) {
    while (this.#shown.size && this.oldest < id) this.#forgetOldest();
  }

  /** Merges them in; one that is there already changes nothing. What the reader looks at stays in its place.
   * @param {Message[]} messages @returns {boolean} whether some of the oldest had to leave the page */
  add(messages) {
    const { oldest } = this;
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    for (const message of messages) if (!this.#shown.has(message.id)) this.#insert(message);
    const surplus = this.atEnd ? this.#shown.size - KEPT : 0;
    for (let left = surplus; left > 0; left--) this.#forgetOldest();
    this.#arrange();
    if (this.atEnd) this.toEnd();
    else if (this.oldest < oldest) this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
    return surplus > 0;
  }

  /** Tells which way one's own message went. @param {number} id @param {'websocket' | 'rest'} way */
  went(id, way) {
    const item = this.list.querySelector(`[data-id="${id}"]`);
    if (item?.querySelector('.way')) return;
    const sign = element('span', 'way', way);
    sign.title = way === 'rest' ? 'Sent with a request, for want of a WebSocket' : 'Sent over the WebSocket';
    item?.querySelector('.bubble')?.append(sign);
    if (this.atEnd) this.toEnd();
  }

  /** @param {Message} message */
  #insert(message) {
    this.#shown.set(message.id, message);
    let before = this.list.lastElementChild;
    while (before && idOf(before) > message.id) before = before.previousElementSibling;
    const item = drawn(message, message.from === this.me);
    if (before) before.after(item);
    else this.list.prepend(item);
  }

  #forgetOldest() {
    this.#shown.delete(this.oldest);
    this.list.firstElementChild?.remove();
  }

  /** Marks where a day begins and where an author goes on: over all of them, for "Today" does not stay today. */
  #arrange() {
    /** @type {Message | undefined} */
    let last;
    for (const item of this.list.querySelectorAll('li')) {
      const message = this.#shown.get(idOf(item));
      if (!message) continue;
      const day = dayOf(message.at);
      const sameDay = last !== undefined && dayOf(last.at) === day;
      if (sameDay) delete item.dataset.day;
      else item.dataset.day = day;
      const pause = last ? Date.parse(message.at) - Date.parse(last.at) : 0;
      item.classList.toggle('continued', sameDay && last?.from === message.from && pause < ONE_BREATH);
      last = message;
    }
  }
}

/** @param {Element | null} item */
function idOf(item) {
  return Number(item?.getAttribute('data-id') ?? 0);
}

/** @param {string} at */
function dayOf(at) {
  const [date, today, yesterday] = [new Date(at), new Date(), new Date()];
  yesterday.setDate(today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return 'Today';
  return date.toDateString() === yesterday.toDateString() ? 'Yesterday' : calendar.format(date);
}

/** The time of today, the date of another day. @param {string} at */
export function timeOf(at) {
  const then = new Date(at);
  return (then.toDateString() === new Date().toDateString() ? clock : date).format(then);
}

/** Text goes in as text: nothing that somebody wrote is ever read as HTML.
 * @param {Message} message @param {boolean} own */
function drawn({ id, from, text, at }, own) {
  const item = element('li', own ? 'message own' : 'message');
  Object.assign(item.dataset, { id, from });
  const avatar = element('span', 'avatar');
  avatar.ariaHidden = 'true';
  paintAvatar(avatar, from);
  const time = element('time', '', clock.format(new Date(at)));
  time.dateTime = at;
  const bubble = element('div', 'bubble');
  bubble.append(element('p', 'text', text), time);
  item.append(avatar, element('span', 'from', from), bubble);
  return item;
}
