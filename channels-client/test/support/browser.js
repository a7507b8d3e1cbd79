// As much of a browser as the client needs: a page, a network, other tabs, and time.

import { Clock } from './clock.js';
import { FakeWebSocket } from './socket.js';

/** A channel between tabs; the messages arrive at once. */
class FakeBroadcastChannel {
  /** @type {Set<FakeBroadcastChannel>} */
  static open = new Set();
  /** @type {((event: {data: any}) => void) | null} */
  onmessage = null;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    FakeBroadcastChannel.open.add(this);
  }

  /** @param {any} data */
  postMessage(data) {
    for (const other of FakeBroadcastChannel.open) {
      if (other !== this && other.name === this.name) other.onmessage?.({ data });
    }
  }

  close() {
    FakeBroadcastChannel.open.delete(this);
  }
}

export class Browser {
  clock = new Clock();
  window = new EventTarget();
  document = Object.assign(new EventTarget(), { hidden: false });
  navigator = { onLine: true };
  /** What random numbers are, from 0 to 1. */
  random = 0.5;

  constructor() {
    this.clock.install();
    Math.random = () => this.random;
    FakeWebSocket.begun = [];
    FakeBroadcastChannel.open.clear();
    const globals = {
      WebSocket: FakeWebSocket,
      BroadcastChannel: FakeBroadcastChannel,
      document: this.document,
      navigator: this.navigator,
      location: new URL('https://example.org/board/'),
      addEventListener: this.window.addEventListener.bind(this.window),
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }

  /** @param {number} [time] ms */
  pass(time) {
    return this.clock.pass(time);
  }

  /** All WebSockets that were begun. */
  get sockets() {
    return FakeWebSocket.begun;
  }

  /** The last one, once there are so many. @param {number} [count] */
  async socket(count = 1) {
    await this.pass();
    const socket = this.sockets[count - 1];
    if (!socket || this.sockets.length > count) throw new Error(`${this.sockets.length} sockets, not ${count}`);
    return socket;
  }

  /** @param {string} type @param {object} [details] */
  onWindow(type, details = {}) {
    this.window.dispatchEvent(Object.assign(new Event(type), details));
  }

  goOffline() {
    this.navigator.onLine = false;
    this.onWindow('offline');
  }

  goOnline() {
    this.navigator.onLine = true;
    this.onWindow('online');
  }

  /** @param {boolean} hidden */
  setHidden(hidden) {
    this.document.hidden = hidden;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }

  /** Another tab of the same page. */
  otherTab() {
    return new FakeBroadcastChannel('channels-client');
  }
}
