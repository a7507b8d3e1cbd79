// A page of jsdom, for what draws.

import { JSDOM } from 'jsdom';

import { FakeWebSocket } from './socket.js';

const { window } = new JSDOM('<!doctype html><div id="root"></div>', { url: 'https://example.org/' });
const globals = {
  window,
  document: window.document,
  navigator: window.navigator,
  location: window.location,
  addEventListener: window.addEventListener.bind(window),
  AbortController: window.AbortController,
  WebSocket: FakeWebSocket,
  // nothing of a test that is over may keep Node
  BroadcastChannel: undefined,
  IS_REACT_ACT_ENVIRONMENT: true,
};
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

export const root = /** @type {HTMLElement} */ (window.document.getElementById('root'));
