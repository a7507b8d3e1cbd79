// What a page holds in its hands: `connect` gives a handle on a connection that all its users share.

import { Conversation } from './conversation.js';
import { ChannelsError } from './errors.js';
import { socketUrl } from './url.js';

/** @typedef {import('./conversation.js').SendOptions} SendOptions */
/** @typedef {import('./conversation.js').RequestOptions} RequestOptions */
/** @typedef {import('./conversation.js').Sent} Sent */
/** @typedef {import('./events.js').Subscription} Subscription */
/** @typedef {import('./link.js').Status} Status */
/** @typedef {import('./options.js').Options} Options */
/** @typedef {{conversation: Conversation, users: number, timer?: ReturnType<typeof setTimeout>}} Shared */

/** How long a connection that nobody uses stays open (ms): from one view of the page to the next. */
const LINGER = 1_000;

/** By identity and address. @type {Map<string, Shared>} */
const connections = new Map();

/**
 * Connects to a consumer, and stays connected.
 *
 * All calls with the same address and identity share one WebSocket; the options of the first call count. It is closed
 * when all of them have called `close()`.
 * @template {Record<string, any>} [Events=Record<string, any>]  the type of each event, by its name
 * @param {string | URL} url  a path, or an address with any of `http:`, `https:`, `ws:` and `wss:`
 * @param {Options} [options]
 * @returns {Connection<Events>}
 */
export function connect(url, options = {}) {
  const address = socketUrl(url);
  const { identity = '', token } = options;
  const key = JSON.stringify([address, identity, typeof token === 'string' ? token : null]);
  const shared = connections.get(key) ?? begin(key, address, options);
  if (shared.timer !== undefined) shared.conversation.takeUp();
  shared.users += 1;
  clearTimeout(shared.timer);
  shared.timer = undefined;
  return new Connection(shared.conversation, () => {
    shared.users -= 1;
    if (shared.users === 0) shared.timer = setTimeout(() => end(key, shared), LINGER);
  });
}

/** @param {string} key @param {string} address @param {Options} options @returns {Shared} */
function begin(key, address, options) {
  const shared = { conversation: new Conversation(address, options), users: 0 };
  connections.set(key, shared);
  shared.conversation.start();
  return shared;
}

/** @param {string} key @param {Shared} shared */
function end(key, shared) {
  connections.delete(key);
  shared.conversation.stop();
}

/**
 * One user's handle on a connection. Made by `connect`.
 * @template {Record<string, any>} [Events=Record<string, any>]
 */
export class Connection {
  #conversation;
  #release;
  #life = new AbortController();

  /** @param {Conversation} conversation @param {() => void} release */
  constructor(conversation, release) {
    this.#conversation = conversation;
    this.#release = release;
  }

  /** The state, and why. A new object for each change. @returns {Status} */
  get status() {
    return this.#conversation.status;
  }

  /** @returns {import('./link.js').State} */
  get state() {
    return this.status.state;
  }

  /** What the connection has been through, in numbers. A copy. */
  get stats() {
    return this.#conversation.stats;
  }

  /**
   * Calls `listener` for each change of the state.
   * @param {(status: Status) => void} listener
   * @param {Subscription} [options]
   * @returns {() => void} ends the subscription
   */
  onState(listener, options) {
    return this.#subscribe(this.#conversation.states, 'state', listener, options);
  }

  /**
   * Calls `listener` for each event of this type, or of any type for `*`. Answers to requests are no events.
   * @template {(keyof Events & string) | '*'} Type
   * @param {Type} type
   * @param {(event: Type extends '*' ? Events[keyof Events] : Events[Type]) => void} listener
   * @param {Subscription} [options]
   * @returns {() => void} ends the subscription
   */
  on(type, listener, options) {
    return this.#subscribe(this.#conversation.events, type, listener, options);
  }

  /**
   * Sends a message. Resolves when a WebSocket took it, or when `rest` has done it. That it was taken does not mean
   * that it arrived: ask with `request` for that.
   * @param {any} message  what becomes JSON
   * @param {SendOptions} [options]  `rest`: in place of that of `connect`
   * @returns {Promise<Sent>} which way it went
   * @throws {ChannelsError} `closed`, `switched`, `timeout` or `queue_full`; or what `rest` throws
   */
  async send(message, options) {
    this.#mustBeHeld();
    return this.#conversation.send(message, options);
  }

  /**
   * Asks something, and waits for the answer: the next frame with the same `ref` as the message, which gets one, or
   * of the type that `reply` names.
   * @param {Record<string, any>} message
   * @param {RequestOptions} [options]  `rest`: what answers when there is no WebSocket
   * @returns {Promise<any>} the frame, or what `rest` resolves to
   * @throws {ChannelsError} as `send`, and `aborted`, or the code of the error frame that answers it
   */
  async request(message, options) {
    this.#mustBeHeld();
    return this.#conversation.request(message, options);
  }

  /**
   * Fetches a new token and hands it to the server over the open WebSocket. For a token of the same user; after a
   * login or a logout call `tokenChanged`.
   * @returns {Promise<void>} settles when the server has taken it
   * @throws {ChannelsError} `closed` or `timeout`
   */
  async refresh() {
    this.#mustBeHeld();
    return this.#conversation.refresh();
  }

  /** Another attempt at once, because the user asks for it; also when it was given up. */
  reconnect() {
    this.#mustBeHeld();
    this.#conversation.reconnect();
  }

  /** Gives the handle back. Its subscriptions end; nothing is reported after it. */
  close() {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.#release();
  }

  /**
   * @param {import('./events.js').Emitter} emitter
   * @param {string} type
   * @param {(event: any) => void} listener
   * @param {Subscription} [options]
   */
  #subscribe(emitter, type, listener, options) {
    if (this.#life.signal.aborted) return () => {};
    const off = emitter.on(type, listener, options);
    this.#life.signal.addEventListener('abort', off);
    return () => {
      this.#life.signal.removeEventListener('abort', off);
      off();
    };
  }

  #mustBeHeld() {
    if (this.#life.signal.aborted) throw new ChannelsError('closed', 'this connection was closed by the page');
  }
}
