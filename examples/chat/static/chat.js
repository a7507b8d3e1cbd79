// The page: login, rooms, composer. account.js asks the REST side, the library's client looks after the socket,
// timeline.js draws the messages.

import { connect, tokenChanged } from '/channels/index.js';

import { Account, Refused } from './account.js';
import { whyEnded } from './reasons.js';
import { element, paintAvatar } from './site.js';
import { Timeline } from './timeline.js';

/** @typedef {import('/channels/index.js').Connection} Connection */
/** @typedef {import('/channels/index.js').Status} Status */
/** @typedef {import('./timeline.js').Message} Message */
/** @typedef {import('./account.js').LastMessage} LastMessage */

const HOME = 'lobby';
/** What a room may be called; a browser takes "." and ".." in an address for folders. */
const ROOM_NAME = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,80}$/;
/** So many missed messages are loaded; after a longer absence the page starts afresh at the end. */
const MISSED = 300;

const STATE_NAMES = {
  idle: 'Signed out',
  connecting: 'Connecting…',
  open: 'Connected',
  polling: 'Reconnecting',
  reconnecting: 'Reconnecting',
  closed: 'Disconnected',
  unauthorized: 'Not authorized',
};

/** @param {string} id @returns {any} the page's element of that id */
const the = (id) => document.getElementById(id);

/** The connection-state indicator: a change of state is read out, the countdown beside it is not. */
class Indicator {
  #counting = 0;

  /** @param {Status} status */
  show({ state, code, retryAt }) {
    const [label, countdown] = the('state').querySelectorAll('.label, .countdown');
    Object.assign(the('state').dataset, { state, code: code ?? '' });
    if (label.textContent !== STATE_NAMES[state]) label.textContent = STATE_NAMES[state];
    const tick = () => {
      countdown.textContent = retryAt ? `in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s` : '';
    };
    clearInterval(this.#counting);
    if (retryAt) this.#counting = window.setInterval(tick, 250);
    tick();
  }
}

class Chat {
  #account = new Account();
  #indicator = new Indicator();
  /** @type {Connection | undefined} */
  #connection;
  #room = '';
  #timeline = new Timeline(the('scroller'), the('messages'), '');
  /** After a break, until the history is loaded: the last id before what may be missing.
   * @type {number | undefined} */
  #missingAfter;
  /** What was sent and has not come back yet. */
  #unconfirmed = '';

  start() {
    onSubmit('login', () => this.#logIn());
    onSubmit('new-room', () => this.#openNewRoom());
    onSubmit('composer', () => this.#say());
    the('logout').onclick = () => this.#logOut({ state: 'idle' });
    the('older').onclick = () => this.#showOlder();
    the('reconnect').onclick = () => this.#reconnect();
    the('jump').onclick = () => this.#timeline.toEnd();
    the('dismiss').onclick = () => notify('');
    the('scroller').onscroll = () => this.#scrolled();
    new ResizeObserver(() => this.#timeline.atEnd && this.#timeline.toEnd()).observe(the('scroller'));
    addEventListener('hashchange', () => this.#followAddress());
    if (new URLSearchParams(location.search).get('anonymous') === '1') this.#knock();
    else if (this.#account.token) this.#enter();
    else this.#logOut({ state: 'idle' });
  }

  /** Comes without a token, once and on purpose, to show how the server refuses that. */
  #knock() {
    this.#logOut({ state: 'connecting' });
    this.#connection = connect(this.#account.socketPath(HOME), { attempts: 0 });
    this.#connection.onState((status) => {
      this.#indicator.show(status);
      if (status.state === 'unauthorized') notify(`Without a token the server refuses, with code ${status.code}.`);
      else notify(whyEnded(status));
    });
  }

  async #logIn() {
    the('login-button').disabled = true;
    the('login-error').textContent = '';
    try {
      await this.#account.logIn(the('username').value, the('password').value);
      this.#enter();
    } catch (error) {
      the('login-error').textContent = error instanceof Error ? error.message : '';
    }
    the('login-button').disabled = false;
  }

  /** @param {Status} status  what the indicator tells about it */
  #logOut(status) {
    this.#connection?.close();
    this.#connection = undefined;
    this.#account.logOut();
    tokenChanged();
    this.#indicator.show(status);
    the('rooms').replaceChildren();
    the('messages').replaceChildren();
    the('text').value = the('password').value = this.#unconfirmed = '';
    the('login-error').textContent = whyEnded(status);
    notify('');
    showView('login');
    the('username').focus();
  }

  #enter() {
    the('me').textContent = this.#account.name;
    paintAvatar(the('account').querySelector('.avatar'), this.#account.name);
    the('login').reset();
    showView('chat');
    this.#roomButton(HOME);
    this.#roomButton('attic');
    this.#open(roomInAddress());
  }

  /** @param {string} room */
  #open(room) {
    this.#connection?.close();
    this.#room = room;
    this.#timeline = new Timeline(the('scroller'), the('messages'), this.#account.name);
    this.#missingAfter = undefined;
    the('older').hidden = the('empty').hidden = the('jump').hidden = true;
    the('scroller').ariaBusy = 'true'; // a whole page of history is not to be read out
    the('room-title').textContent = room;
    document.title = `${room} · Chat`;
    this.#roomButton(room);
    for (const button of the('rooms').querySelectorAll('button')) {
      button.ariaCurrent = button.dataset.room === room ? 'true' : null;
      if (button.ariaCurrent) button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
    notify('');
    this.#connection = connect(this.#account.socketPath(room), {
      token: () => this.#account.token,
      identity: this.#account.name,
    });
    this.#connection.onState((status) => this.#follow(status));
    this.#connection.on('chat.message', (message) => this.#hear(message));
    this.#connection.on('error', ({ code, message }) => this.#fail(message ?? code));
    this.#follow(this.#connection.status);
    if (matchMedia('(hover: hover)').matches) the('text').focus();
  }

  #followAddress() {
    const room = roomInAddress();
    if (this.#account.token && room !== this.#room) this.#open(room);
  }

  #openNewRoom() {
    const room = the('room-name').value;
    if (!ROOM_NAME.test(room)) return;
    the('room-name').value = '';
    location.hash = room;
  }

  /** @param {Status} status */
  #follow(status) {
    const { state, retryable, retryAt } = status;
    const why = whyEnded(status);
    if (state === 'unauthorized') return this.#logOut(status);
    this.#indicator.show(status);
    the('send').disabled = state !== 'open';
    the('reconnect').hidden = !retryable && state !== 'reconnecting';
    if (state === 'open') notify('');
    else this.#giveBack();
    if (why) notify(why);
    // without any connection yet, the history is worth showing all the same
    if (state === 'open' || (retryAt && !this.#timeline.newest)) this.#catchUp();
  }

  /** @param {Message} message */
  #hear(message) {
    this.#add([message]);
    the('jump').hidden = this.#timeline.atEnd;
  }

  /** What was said last could not be sent. @param {string} why */
  #fail(why) {
    notify(why);
    this.#giveBack();
  }

  async #say() {
    const text = the('text').value.trim();
    if (!text || this.#connection?.state !== 'open') return;
    this.#unconfirmed = text;
    the('text').value = '';
    this.#timeline.toEnd();
    try {
      await this.#connection.send({ type: 'chat.message', text });
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #reconnect() {
    this.#connection?.reconnect();
    the('text').focus();
  }

  /** What did not get through goes back to its author. */
  #giveBack() {
    if (!the('text').value) the('text').value = this.#unconfirmed;
    this.#unconfirmed = '';
  }

  /** @param {Message[]} messages */
  #add(messages) {
    if (this.#timeline.add(messages)) the('older').hidden = false;
    the('empty').hidden = this.#timeline.newest > 0;
    const last = messages.at(-1);
    if (last && last.id === this.#timeline.newest) this.#roomButton(this.#room, last);
    const back = messages.some(({ from, text }) => from === this.#account.name && text === this.#unconfirmed);
    if (back) this.#unconfirmed = '';
  }

  /** Loads what was said while the connection was away (the first time: the last page), and how the rooms stand. */
  async #catchUp() {
    const missingAfter = this.#missingAfter ??= this.#timeline.newest;
    this.#answer(this.#account.rooms()).then((rooms) => {
      for (const { name, last_message } of rooms ?? []) this.#roomButton(name, last_message);
    });
    /** @type {Message[]} */
    const found = [];
    let page;
    let missing;
    do {
      page = await this.#answer(this.#account.messages(this.#room, found[0]?.id));
      if (!page) return;
      found.unshift(...page.messages);
      missing = missingAfter > 0 && page.more && found[0].id > missingAfter;
    } while (missing && found.length < MISSED);
    if (missing || !missingAfter) { // what stands before has a hole behind it
      this.#timeline.forgetBefore(found[0]?.id ?? 0);
      the('older').hidden = !page.more;
    }
    this.#missingAfter = undefined;
    this.#add(found);
    the('scroller').ariaBusy = 'false';
  }

  async #showOlder() {
    const page = await this.#answer(this.#account.messages(this.#room, this.#timeline.oldest));
    if (!page) return;
    the('older').hidden = !page.more;
    this.#add(page.messages);
  }

  /** What a REST call answers, unless it fails or comes too late: the user may be in another room by then.
   * @template T @param {Promise<T>} call @returns {Promise<T | undefined>} */
  async #answer(call) {
    const connection = this.#connection;
    try {
      const answer = await call;
      return connection === this.#connection ? answer : undefined;
    } catch (error) {
      if (connection !== this.#connection) return undefined;
      if (error instanceof Refused && error.status === 401) this.#logOut({ state: 'unauthorized', code: 4001 });
      else notify(error instanceof Error ? error.message : String(error));
      the('scroller').ariaBusy = 'false';
      return undefined;
    }
  }

  /** The button of a room, made when it is first heard of. @param {string} room @param {LastMessage | null} [last] */
  #roomButton(room, last) {
    let button = the('rooms').querySelector(`[data-room="${room}"]`);
    if (!button) {
      button = element('button', 'room');
      button.dataset.room = room;
      button.onclick = () => { location.hash = room; };
      button.append(element('span', 'room-name', room), element('span', 'room-last', 'No messages yet'));
      const item = element('li', '');
      item.append(button);
      the('rooms').append(item);
    }
    if (last) button.querySelector('.room-last').textContent = `${last.from}: ${last.text}`;
  }

  #scrolled() {
    this.#timeline.scrolled();
    if (this.#timeline.atEnd) the('jump').hidden = true;
  }
}

/** @param {string} form @param {() => void} then */
function onSubmit(form, then) {
  the(form).onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    then();
  };
}

/** @param {string} text  nothing takes the notice away */
function notify(text) {
  the('notice').hidden = !text;
  the('notice-text').textContent = text;
}

/** @param {'login' | 'chat'} view */
function showView(view) {
  for (const id of ['chat', 'account', 'room-title']) the(id).hidden = view !== 'chat';
  the('login').hidden = view !== 'login';
}

function roomInAddress() {
  const room = location.hash.slice(1);
  return ROOM_NAME.test(room) ? room : HOME;
}

new Chat().start();
