// Frames as JSON over a link that keeps itself alive: sent, queued, answered, handed out.

import { ChannelsError } from './errors.js';
import { Emitter } from './events.js';
import { Link } from './link.js';
import { settled } from './options.js';
import { isOffline, watchPage } from './page.js';
import { SendQueue } from './queue.js';
import { ANSWER, Refresh } from './refresh.js';
import { Requests } from './requests.js';
import { noStats, since } from './stats.js';
import { watchTabs } from './tabs.js';

/** @typedef {import('./link.js').Status} Status */
/** @typedef {import('./options.js').Options} Options */
/** @typedef {import('./options.js').Rest} Rest */
/** Which way a message went: over the WebSocket, or by REST, with what that call resolved to.
 * @typedef {{method: 'websocket'} | {method: 'rest', result: any}} Sent */
/** @typedef {{rest?: Rest, signal?: AbortSignal}} SendOptions */
/** @typedef {{reply?: string, timeout?: number, rest?: Rest, signal?: AbortSignal}} RequestOptions */

/** What the server asks for the numbers with, and gets them with. */
const STATS = 'client.stats';

/** What all users of one address and identity share; each has a handle on it, a `Connection`. */
export class Conversation {
  events = new Emitter();
  states = new Emitter();
  #settings;
  #link;
  #queue;
  #requests = new Requests();
  #refresh;
  #stats = noStats();
  /** The numbers that the server has. */
  #told = noStats();
  #wasOpen = false;
  /** @type {import('./link.js').State} */
  #state = 'idle';
  /** @type {(() => void)[]} */
  #watched = [];

  /** @param {string} url  absolute @param {Options} options */
  constructor(url, options) {
    const settings = settled(options);
    this.#settings = settings;
    this.#queue = new SendQueue({ size: settings.queueSize, overflow: settings.overflow, limit: settings.sendTimeout });
    this.#link = new Link(url, settings, {
      onStatus: (status) => this.#follow(status),
      onText: (text) => this.#read(text),
      onNews: (frame) => this.#deliver(frame),
      onAttempt: () => { this.#stats.attempts += 1; },
      onSwitch: () => this.#end(new ChannelsError('switched', 'the user has changed')),
    });
    this.#refresh = new Refresh(this.#link, settings);
  }

  get status() {
    return this.#link.status;
  }

  /** A copy. @returns {import('./stats.js').Stats} */
  get stats() {
    return { ...this.#stats, dropped: this.#queue.dropped };
  }

  start() {
    const link = this.#link;
    this.#watched = [
      watchTabs(() => link.tokenChanged(), this.#settings.storageKey),
      watchPage({
        onWake: () => isOffline() || link.wake(),
        onDoubt: () => link.doubt(),
        onHide: () => link.hide(),
        onShow: () => link.show(),
      }),
    ];
    link.start();
  }

  stop() {
    for (const end of this.#watched.splice(0)) end();
    this.#link.stop();
  }

  reconnect() {
    if (!this.#link.isOpen) this.#link.start();
  }

  takeUp() {
    this.#link.takeUp();
  }

  refresh() {
    return this.#refresh.now();
  }

  /** @param {any} message @param {SendOptions} options @returns {Promise<Sent>} */
  async send(message, { rest = this.#settings.rest, signal } = {}) {
    if (rest && !this.#link.isOpen) {
      return { method: 'rest', result: await this.#sendByRest(rest, message, signal) };
    }
    await this.#sendBySocket(JSON.stringify(message));
    return { method: 'websocket' };
  }

  /** @param {any} message @param {RequestOptions} options @returns {Promise<any>} */
  async request(message, { reply, timeout = this.#settings.requestTimeout, rest, signal } = {}) {
    if (rest && !this.#link.isOpen) return this.#sendByRest(rest, message, signal);
    const ref = this.#requests.nextRef();
    const answer = this.#requests.wait(ref, { reply, limit: timeout, signal });
    if (signal?.aborted) return answer;
    this.#sendBySocket(JSON.stringify({ ...message, ref })).then(
      () => this.#requests.sent(ref),
      (error) => this.#requests.fail(ref, error),
    );
    return answer;
  }

  /** @param {Rest} rest @param {any} message @param {AbortSignal} [signal] */
  async #sendByRest(rest, message, signal) {
    const result = await rest(message, { signal });
    this.#stats.rest += 1;
    return result;
  }

  /** Now, or when the link is open. @param {string} text */
  async #sendBySocket(text) {
    if (!this.#link.isAlive) throw this.#closed();
    this.#flush();
    if (this.#queue.length > 0 || !this.#transmit(text)) await this.#queue.push(text);
  }

  /** @param {string} text */
  #transmit(text) {
    const sent = this.#link.transmit(text);
    if (sent) this.#stats.sent += 1;
    return sent;
  }

  /** @param {Status} status */
  #follow(status) {
    const { state } = status;
    if (state === 'open') this.#opened();
    else if (this.#state === 'open') this.#lost();
    if (!this.#link.isAlive) this.#end(this.#closed());
    if (state === 'polling' && this.#state !== 'polling') this.#stats.fallbacks += 1;
    this.#state = state;
    this.states.emit('state', status);
  }

  #opened() {
    if (this.#wasOpen) this.#stats.reconnects += 1;
    this.#wasOpen = true;
    this.#refresh.opened();
    this.#flush();
  }

  #lost() {
    this.#refresh.closed();
    this.#requests.failSent(this.#closed());
  }

  #flush() {
    this.#queue.flush((text) => this.#transmit(text));
  }

  /** @param {unknown} text */
  #read(text) {
    this.#stats.received += 1;
    // what a full buffer held back goes when there is room again
    this.#flush();
    const frame = parsed(text);
    if (frame) this.#deliver(frame);
    else this.#stats.unreadable += 1;
  }

  /** @param {any} frame */
  #deliver(frame) {
    const type = String(frame.type);
    if (type === 'pong') this.#stats.latency = this.#link.heartbeat.pong() ?? this.#stats.latency;
    else if (type === STATS) this.#link.transmit(JSON.stringify({ type: STATS, ...this.#news() }));
    else if (!this.#requests.answered(frame)) this.events.emit(type, frame);
    if (type === ANSWER) this.#refresh.answered(frame);
  }

  /** The numbers since the server last asked. */
  #news() {
    const { stats } = this;
    const news = since(this.#told, stats);
    this.#told = stats;
    return news;
  }

  #closed() {
    const { state, reason } = this.#link.status;
    return new ChannelsError('closed', `there is no connection: ${reason ?? state}`);
  }

  /** @param {ChannelsError} error */
  #end(error) {
    this.#queue.clear(error);
    this.#requests.failAll(error);
  }
}

/** @param {unknown} text @returns {object | undefined} what is JSON and an object */
function parsed(text) {
  try {
    const value = JSON.parse(String(text));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
