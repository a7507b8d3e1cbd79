// The list of rooms: what was said last, when, who takes part, and how much of it is not read yet.

import { element } from './site.js';
import { timeOf } from './timeline.js';

/** @typedef {{from: string, text: string, at: string}} LastMessage */
/** @typedef {{name: string, last_message: LastMessage, unread: number, participants: string[]}} Room */

/** A badge counts no further. */
const MANY = 99;

export class Rooms {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  clear() {
    this.list.replaceChildren();
  }

  /** @param {Room} room */
  show({ name, last_message: { from, text, at }, unread, participants }) {
    const button = this.button(name);
    button.dataset.unread = String(unread);
    put(button, '.room-last', `${from}: ${text}`);
    put(button, '.room-people', participants.join(', '));
    put(button, '.room-time', timeOf(at));
    const badge = put(button, '.room-unread', unread > MANY ? `${MANY}+` : String(unread));
    badge.hidden = unread === 0;
    badge.append(element('span', 'unseen', ' unread'));
  }

  /** The one that is open. @param {string} name */
  open(name) {
    const opened = this.button(name);
    for (const button of this.list.querySelectorAll('button')) button.ariaCurrent = button === opened ? 'true' : null;
    opened.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** The button of a room, made when it is first heard of. @param {string} name @returns {HTMLButtonElement} */
  button(name) {
    /** @type {HTMLButtonElement | null} */
    const known = this.list.querySelector(`[data-room="${name}"]`);
    if (known) return known;
    const button = element('button', 'room');
    button.dataset.room = name;
    button.onclick = () => { location.hash = name; };
    const unread = element('span', 'room-unread');
    unread.hidden = true;
    button.append(
      element('span', 'room-name', name),
      element('span', 'room-time'),
      element('span', 'room-last', 'No messages yet'),
      element('span', 'room-people'),
      unread,
    );
    const item = element('li', '');
    item.append(button);
    this.list.append(item);
    return button;
  }
}

/** @param {HTMLElement} button @param {string} css @param {string} text @returns {any} the element that says it now */
function put(button, css, text) {
  const part = button.querySelector(css);
  if (part) part.textContent = text;
  return part;
}
