// With the real React, in a page of jsdom.

import './support/dom.js';

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { StrictMode, act, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';

import { ConnectionState, useChannelEvent, useConnection, useConnectionStatus } from '../js/react.js';
import { root as element } from './support/dom.js';
import { FakeWebSocket } from './support/socket.js';

/** @type {import('react-dom/client').Root} */
let root;
let url = '/ws/0/';
let count = 0;

beforeEach(() => {
  FakeWebSocket.begun = [];
  root = createRoot(element);
  count += 1;
  url = `/ws/${count}/`;
});

afterEach(() => act(() => root.unmount()));

/** @param {any} component @param {object} [props] */
function draw(component, props) {
  return act(async () => root.render(createElement(component, props)));
}

/** @param {(socket: FakeWebSocket) => void} event  what happens to the only WebSocket */
async function happens(event) {
  assert.equal(FakeWebSocket.begun.length, 1);
  await act(async () => event(FakeWebSocket.begun[0]));
}

test('a component has a connection, and shows its state', async () => {
  function Page() {
    return createElement(ConnectionState, { connection: useConnection(url) });
  }
  await draw(Page);
  const shown = () => /** @type {HTMLElement} */ (element.querySelector('[role=status]'));
  assert.equal(shown().dataset.state, 'connecting');

  await happens((socket) => socket.welcome());
  assert.equal(shown().dataset.state, 'open');
  assert.equal(shown().textContent, 'Connected');
  await happens((socket) => socket.end(4003));

  assert.equal(shown().dataset.state, 'closed');
  assert.equal(shown().dataset.code, '4003');
});

test('the labels are the application’s own where it has some', async () => {
  function Page() {
    return createElement(ConnectionState, { connection: useConnection(url), labels: { connecting: 'Verbinde …' } });
  }

  await draw(Page);

  assert.equal(element.textContent, 'Verbinde …');
});

test('a component mounted twice by strict mode, and its neighbours, share one WebSocket', async () => {
  function Part() {
    useConnection(url);
    return null;
  }
  function Page() {
    return createElement(StrictMode, null, createElement(Part), createElement(Part));
  }

  await draw(Page);
  await happens((socket) => socket.welcome());

  assert.equal(FakeWebSocket.begun.length, 1);
});

test('another address is another connection', async () => {
  /** @param {{room: string}} props */
  function Page({ room }) {
    const { state } = useConnectionStatus(useConnection(`${url}${room}/`));
    return state;
  }
  await draw(Page, { room: 'lobby' });
  await happens((socket) => socket.welcome());
  assert.equal(element.textContent, 'open');

  await draw(Page, { room: 'attic' });

  assert.equal(element.textContent, 'connecting');
  assert.match(FakeWebSocket.begun[1].url, /attic\/$/);
});

test('without an address there is no connection', async () => {
  function Page() {
    return useConnectionStatus(useConnection(null)).state;
  }

  await draw(Page);

  assert.equal(element.textContent, 'idle');
  assert.equal(FakeWebSocket.begun.length, 0);
});

test('an event reaches the listener of the last drawing', async () => {
  /** @type {string[]} */
  const heard = [];
  /** @param {{name: string}} props */
  function Page({ name }) {
    useChannelEvent(useConnection(url), 'note', ({ text }) => heard.push(`${name} ${text}`));
    return null;
  }
  await draw(Page, { name: 'first' });
  await happens((socket) => socket.welcome());
  await draw(Page, { name: 'second' });

  await happens((socket) => socket.say({ type: 'note', text: 'hello' }));

  assert.deepEqual(heard, ['second hello']);
});

test('the token is that of the last drawing', async () => {
  /** @param {{token: string}} props */
  function Page({ token }) {
    useConnection(url, { token: () => token, minDelay: 1, maxDelay: 1 });
    return null;
  }
  await draw(Page, { token: 'one' });
  await draw(Page, { token: 'two' });

  await happens((socket) => socket.end(1006));
  await act(async () => {
    while (FakeWebSocket.begun.length < 2) await new Promise((turn) => { setImmediate(turn); });
  });

  assert.match(FakeWebSocket.begun[1].url, /token=two$/);
});

test('a server draws a page that is not connected', () => {
  function Page() {
    return createElement(ConnectionState, { connection: useConnection(url) });
  }

  assert.match(renderToString(createElement(Page)), /data-state="idle"/);
  assert.equal(FakeWebSocket.begun.length, 0);
});
