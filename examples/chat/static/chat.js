// The page: login, rooms, composer. account.js asks the REST side, the library's client looks after the socket,
// timeline.js draws the messages, rooms.js the list, typing.js who is about to say something.

import { ChannelsError, connect, tokenChanged } from '/channels/index.js';

import { Account } from './account.js';
import { whyEnded } from './reasons.js';
import { Rooms } from './rooms.js';
import { Refused, notify, onSubmit, paintAvatar, showState, the } from './site.js';
import { Timeline } from './timeline.js';
import { Typing } from './typing.js';

/** @typedef {import('/channels/index.js').Connection} Connection */
/** @typedef {import('/channels/index.js').Status} Status */
/** @typedef {import('./timeline.js').Message} Message */

const HOME = 'lobby';
/** What a room may be called; a browser takes "." and ".." in an address for folders. */
const ROOM_NAME = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,80}$/;
/** So many missed messages are loaded; after a longer absence the page starts afresh at the end. */
const MISSED = 300;
/** How often the server is asked for news while there is no socket (ms). */
const POLL = 5_000;
/** In these states a message gets through, by one way or the other. */
const SENDING = ['open', 'polling', 'reconnecting'];
/** The server repeats it when it refuses a message. */
const SAID = 'said';

class Chat {
  #account = new Account();
  /** @type {Connection | undefined} */
  #connection;
  #room = '';
  #rooms = new Rooms(the('rooms'));
  #typing = new Typing(the('typing'));
  #timeline = new Timeline(the('scroller'), the('messages'), '');
  /** After a break, until the history is loaded: the last id before what may be missing.
   * @type {number | undefined} */
  #missingAfter;
  /** What a socket took and has not brought back yet. @type {string[]} */
  #unconfirmed = [];
  /** The last message that the server was told is read. */
  #read = 0;

  start() {
    onSubmit('login', () => this.#logIn());
    onSubmit('new-room', () => this.#openNewRoom());
    onSubmit('composer', () => this.#say());
    the('logout').onclick = () => this.#logOut({ state: 'idle' });
    the('text').oninput = () => this.#tellTyping();
    the('older').onclick = () => this.#showOlder();
    the('reconnect').onclick = () => this.#reconnect();
    the('jump').onclick = () => this.#timeline.toEnd();
    the('dismiss').onclick = () => notify('');
    the('scroller').onscroll = () => this.#scrolled();
    new ResizeObserver(() => this.#timeline.atEnd && this.#timeline.toEnd()).observe(the('scroller'));
    addEventListener('visibilitychange', () => this.#markRead());
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
      showState(status);
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
    showState(status);
    this.#rooms.clear();
    this.#typing.clear();
    the('messages').replaceChildren();
    the('text').value = the('password').value = '';
    this.#unconfirmed = [];
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
    for (const room of [HOME, 'attic']) this.#rooms.button(room);
    this.#open(roomInAddress());
  }

  /** @param {string} room */
  #open(room) {
    this.#connection?.close();
    this.#room = room;
    this.#timeline = new Timeline(the('scroller'), the('messages'), this.#account.name);
    this.#missingAfter = undefined;
    this.#unconfirmed = [];
    this.#read = 0;
    this.#typing.clear();
    the('older').hidden = the('empty').hidden = the('jump').hidden = true;
    the('scroller').ariaBusy = 'true'; // a whole page of history is not to be read out
    the('room-title').textContent = room;
    document.title = `${room} · Chat`;
    this.#rooms.open(room);
    notify('');
    this.#connection = connect(this.#account.socketPath(room), {
      token: () => this.#account.token,
      identity: this.#account.name,
      rest: (message) => this.#account.act(room, message),
      poll: () => this.#catchUp(),
      pollInterval: POLL,
    });
    this.#connection.onState((status) => this.#follow(status));
    this.#connection.on('chat.message', (message) => this.#hear(message));
    this.#connection.on('chat.typing', ({ from }) => this.#typing.heard(from));
    this.#connection.on('room.updated', (event) => this.#rooms.show(event.room));
    this.#connection.on('channels.gap', () => this.#catchUp());
    this.#connection.on('error', (error) => this.#fail(error));
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
    showState(status);
    the('send').disabled = !SENDING.includes(state);
    the('reconnect').hidden = !retryable && !['reconnecting', 'polling'].includes(state);
    if (state === 'open') this.#opened();
    else this.#giveBack();
    if (why) notify(why);
    // without any connection yet, the history is worth showing all the same
    if (state === 'open' || (retryAt && !this.#timeline.newest)) this.#catchUp();
  }

  #opened() {
    notify('');
    this.#read = 0; // whether the last socket still told it is not known
  }

  /** @param {Message} message */
  #hear(message) {
    this.#typing.stopped(message.from);
    this.#add([message]);
    the('jump').hidden = this.#timeline.atEnd;
  }

  /** If it is what one said that is refused, it is the first that is not confirmed.
   * @param {{code: string, message?: string, ref?: string}} error */
  #fail({ code, message, ref }) {
    notify(message ?? code);
    if (ref === SAID) giveBack(this.#unconfirmed.shift());
  }

  /** Over the socket, or else with a request: the message shows which way it went. */
  async #say() {
    const connection = this.#connection;
    const text = the('text').value.trim();
    if (!text || !connection || !SENDING.includes(connection.state)) return;
    the('text').value = '';
    this.#typing.said();
    this.#timeline.toEnd();
    try {
      const sent = await connection.send({ type: 'chat.message', text, ref: SAID });
      if (connection !== this.#connection) return;
      if (sent.method === 'websocket') return void this.#unconfirmed.push(text);
      this.#hear(sent.result);
      this.#timeline.went(sent.result.id, sent.method);
    } catch (error) {
      if (connection !== this.#connection) return;
      giveBack(text);
      this.#tell(error);
    }
  }

  /** Not worth a request: without a socket nobody learns of it. */
  #tellTyping() {
    if (!the('text').value || this.#connection?.state !== 'open' || !this.#typing.isDue()) return;
    this.#connection.send({ type: 'chat.typing' }).catch(() => { /* nobody waits for it */ });
  }

  /** What is on the screen, down to the end, and looked at, is read. */
  async #markRead() {
    const connection = this.#connection;
    const id = this.#timeline.newest;
    if (!connection || id <= this.#read || !this.#timeline.atEnd || document.hidden) return;
    this.#read = id;
    try {
      const sent = await connection.send({ type: 'mark_read', id });
      if (sent.method === 'rest') this.#rooms.show(sent.result);
    } catch {
      if (connection === this.#connection) this.#read = 0; // the next message, or look, tells it again
    }
  }

  #reconnect() {
    this.#connection?.reconnect();
    the('text').focus();
  }

  /** What did not get through goes back to its author. */
  #giveBack() {
    giveBack(this.#unconfirmed.splice(0).join(' '));
  }

  /** @param {Message[]} messages */
  #add(messages) {
    if (this.#timeline.add(messages)) the('older').hidden = false;
    the('empty').hidden = this.#timeline.newest > 0;
    for (const { id, from, text } of messages) if (from === this.#account.name) this.#confirm(id, text);
    this.#markRead();
  }

  /** @param {number} id @param {string} text */
  #confirm(id, text) {
    const found = this.#unconfirmed.indexOf(text);
    if (found < 0) return;
    this.#unconfirmed.splice(found, 1);
    this.#timeline.went(id, 'websocket');
  }

  /** Loads what was said while the connection was away (the first time: the last page), and how the rooms stand. */
  async #catchUp() {
    const missingAfter = this.#missingAfter ??= this.#timeline.newest;
    this.#listRooms();
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

  /** As they stand now; a socket that was asked tells of each change from then on. */
  async #listRooms() {
    const question = { type: 'get_room_list' };
    const rest = () => this.#account.act(this.#room, question);
    const list = await this.#answer(this.#connection?.request(question, { reply: 'room_list', rest }));
    for (const room of list?.rooms ?? []) this.#rooms.show(room);
  }

  async #showOlder() {
    const page = await this.#answer(this.#account.messages(this.#room, this.#timeline.oldest));
    if (!page) return;
    the('older').hidden = !page.more;
    this.#add(page.messages);
  }

  /** What a REST call answers, unless it fails or comes too late: the user may be in another room by then.
   * @template T @param {Promise<T> | undefined} call @returns {Promise<T | undefined>} */
  async #answer(call) {
    const connection = this.#connection;
    try {
      const answer = await call;
      return connection === this.#connection ? answer : undefined;
    } catch (error) {
      if (connection !== this.#connection) return undefined;
      // a link that broke meanwhile is told by the indicator, and asked again
      if (!(error instanceof ChannelsError)) this.#tell(error);
      the('scroller').ariaBusy = 'false';
      return undefined;
    }
  }

  /** @param {unknown} error */
  #tell(error) {
    if (error instanceof Refused && error.status === 401) this.#logOut({ state: 'unauthorized', code: 4001 });
    else notify(error instanceof Error ? error.message : String(error));
  }

  #scrolled() {
    this.#timeline.scrolled();
    if (this.#timeline.atEnd) the('jump').hidden = true;
    this.#markRead();
  }
}

/** Into the composer, before what stands there. @param {string} [text] */
function giveBack(text) {
  if (text) the('text').value = `${text} ${the('text').value}`.trim();
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
