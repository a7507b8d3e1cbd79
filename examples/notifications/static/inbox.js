// The notifications on the screen: the newest first, once each, whichever way they came.

import { element, paintAvatar, the } from './site.js';

/** @typedef {{id: number, from: string, text: string, at: string, is_read: boolean}} Notification */
/** @typedef {{notifications: Notification[], more: boolean, unread: number}} Page */

const clock = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'short' });

export class Inbox {
  #actions;

  /** @param {{mark: (id: number, isRead: boolean) => void, remove: (id: number) => void}} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /** The id of the oldest that is shown. */
  get oldest() { return Number(the('inbox').lastElementChild?.dataset.id ?? 0); }

  clear() {
    the('inbox').replaceChildren();
    this.#count(0);
    the('older').hidden = true;
  }

  /** The newest page, in place of all that was shown. @param {Page} page */
  showPage({ notifications, more, unread }) {
    the('inbox').replaceChildren(...notifications.map((one) => this.#drawn(one)));
    the('older').hidden = !more;
    this.#count(unread);
  }

  /** @param {Page} page */
  addOlder({ notifications, more, unread }) {
    the('inbox').append(...notifications.map((one) => this.#drawn(one)));
    the('older').hidden = !more;
    this.#count(unread);
  }

  /** One that is new, or has changed. @param {{notification: Notification, unread: number}} event */
  put({ notification, unread }) {
    const shown = this.#item(notification.id);
    const item = this.#drawn(notification);
    if (shown) {
      const held = [...shown.querySelectorAll('button')].indexOf(/** @type {any} */ (document.activeElement));
      shown.replaceWith(item);
      item.querySelectorAll('button')[held]?.focus();
    } else if (notification.id > this.#newest) {
      item.classList.add('arrived');
      the('inbox').prepend(item);
    }
    this.#count(unread);
  }

  /** @param {{id: number, unread: number}} event */
  drop({ id, unread }) {
    const item = this.#item(id);
    const next = item?.nextElementSibling ?? item?.previousElementSibling;
    if (item?.contains(document.activeElement)) next?.querySelector('button')?.focus();
    item?.remove();
    this.#count(unread);
  }

  get #newest() { return Number(the('inbox').firstElementChild?.dataset.id ?? 0); }

  /** @param {number} id @returns {HTMLElement | null} */
  #item(id) {
    return the('inbox').querySelector(`[data-id="${id}"]`);
  }

  /** @param {number} unread */
  #count(unread) {
    the('unread').textContent = unread ? `${unread} new` : '';
    the('empty').hidden = the('inbox').childElementCount > 0;
    document.title = unread ? `(${unread}) Notifications` : 'Notifications';
  }

  /** Text goes in as text: nothing that somebody wrote is ever read as HTML. @param {Notification} notification */
  #drawn({ id, from, text, at, is_read: isRead }) {
    const item = element('li', isRead ? 'notification' : 'notification new');
    item.dataset.id = String(id);
    const avatar = element('span', 'avatar');
    avatar.ariaHidden = 'true';
    paintAvatar(avatar, from);
    const time = element('time', '', clock.format(new Date(at)));
    time.dateTime = at;
    const about = element('p', 'about', `${from} · `);
    about.append(time);
    const mark = element('button', 'quiet', isRead ? 'Mark as new' : 'Mark as read');
    mark.onclick = () => this.#actions.mark(id, !isRead);
    const remove = element('button', 'quiet', 'Delete');
    remove.onclick = () => this.#actions.remove(id);
    for (const button of [mark, remove]) button.ariaLabel = `${button.textContent}: ${text}`;
    const actions = element('div', 'actions');
    actions.append(mark, remove);
    item.append(avatar, element('p', 'text', text), about, actions);
    return item;
  }
}
