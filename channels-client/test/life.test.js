// Heartbeats, sleep, the network, the page.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { connect } from '../js/index.js';
import { Browser } from './support/browser.js';

/** @type {Browser} */
let browser;
let url = '/ws/0/';
let count = 0;

beforeEach(() => {
  browser = new Browser();
  count += 1;
  url = `/ws/${count}/`;
});

// connections that were given back are closed after a second
afterEach(() => browser.pass(1_000));

/** An open connection whose server answers pings. @param {import('../js/index.js').Options} [options] */
async function opened(options) {
  const connection = connect(url, options);
  const socket = await browser.socket();
  socket.welcome();
  await browser.pass();
  socket.say({ type: 'pong' });
  return { connection, socket };
}

test('it asks when it opens, and 30 s after the last answer', async () => {
  const { connection, socket } = await opened();
  assert.equal(socket.pings, 1);

  await browser.pass(29_999);
  assert.equal(socket.pings, 1);
  await browser.pass(1);

  assert.equal(socket.pings, 2);
  connection.close();
});

test('a link that does not answer within 10 s is dead', async () => {
  const { connection, socket } = await opened();

  await browser.pass(30_000);
  await browser.pass(9_999);
  assert.equal(connection.state, 'open');
  await browser.pass(1);

  assert.equal(connection.state, 'reconnecting');
  assert.equal(connection.status.reason, 'no answer to a ping');
  assert.equal(socket.state, 'closing');
  connection.close();
});

test('any frame is a sign of life', async () => {
  const { connection, socket } = await opened();

  await browser.pass(30_000);
  await browser.pass(9_000);
  socket.say({ type: 'chat.message' });
  await browser.pass(29_000);

  assert.equal(connection.state, 'open');
  connection.close();
});

test('a server that knows no pings is not taken for dead', async () => {
  const connection = connect(url);
  (await browser.socket()).accept();

  await browser.pass(600_000);

  assert.equal(connection.state, 'open');
  connection.close();
});

test('without heartbeats nothing is sent', async () => {
  const { connection, socket } = await opened({ heartbeat: 0 });

  await browser.pass(600_000);

  assert.equal(socket.pings, 0);
  connection.close();
});

test('after a sleep it asks again before it judges', async () => {
  const { connection, socket } = await opened();
  await browser.pass(30_000);
  assert.equal(socket.pings, 2);

  browser.clock.sleep(3_600_000);
  await browser.pass();
  assert.equal(connection.state, 'open');
  assert.equal(socket.pings, 3);
  socket.say({ type: 'pong' });
  await browser.pass(20_000);

  assert.equal(connection.state, 'open');
  connection.close();
});

test('a link that died in a sleep is found dead 10 s after it, and comes back with a new token', async () => {
  let calls = 0;
  const { connection } = await opened({ token: () => { calls += 1; return `token-${calls}`; } });
  await browser.pass(30_000);

  browser.clock.sleep(3_600_000);
  await browser.pass(10_000);

  assert.equal(connection.state, 'reconnecting');
  await browser.pass(1_000);
  assert.match((await browser.socket(2)).url, /token=token-2$/);
  connection.close();
});

test('a link that died is found dead though the browser calls no timer in time', async () => {
  const { connection } = await opened();
  await browser.pass(30_000);

  browser.clock.sleep(60_000);
  await browser.pass();
  assert.equal(connection.state, 'open');
  browser.clock.sleep(60_000);
  await browser.pass();

  assert.equal(connection.state, 'reconnecting');
  connection.close();
});

test('when the network is back it does not wait', async () => {
  const { connection, socket } = await opened();
  socket.end(1006);
  browser.goOffline();

  browser.goOnline();
  (await browser.socket(2)).welcome();

  assert.equal(connection.state, 'open');
  connection.close();
});

test('attempts without a network do not count', async () => {
  const { connection, socket } = await opened({ attempts: 2 });
  browser.goOffline();
  socket.end(1006);
  for (let attempt = 2; attempt < 20; attempt += 1) {
    await browser.pass(Number(connection.status.retryAt) - browser.clock.now);
    (await browser.socket(attempt)).end(1006);
  }

  assert.equal(connection.state, 'reconnecting');
  assert.equal(Number(connection.status.retryAt) - browser.clock.now, 15_000);
  connection.close();
});

test('the browser says that the network is gone: the server is asked', async () => {
  const { connection, socket } = await opened();

  browser.goOffline();
  assert.equal(socket.pings, 2);
  await browser.pass(10_000);

  assert.equal(connection.state, 'reconnecting');
  connection.close();
});

test('a page that is looked at again does not wait, and asks whether its link lives', async () => {
  const { connection, socket } = await opened();
  browser.setHidden(true);
  browser.setHidden(false);
  assert.equal(socket.pings, 2);
  socket.end(1006);

  browser.setHidden(true);
  await browser.pass();
  assert.equal(browser.sockets.length, 1);
  browser.setHidden(false);
  (await browser.socket(2)).welcome();

  assert.equal(connection.state, 'open');
  connection.close();
});

test('a page that is looked at again tries again what was given up', async () => {
  const connection = connect(url, { attempts: 0 });
  (await browser.socket()).end(1006);
  assert.equal(connection.state, 'closed');

  browser.setHidden(false);
  (await browser.socket(2)).welcome();

  assert.equal(connection.state, 'open');
  connection.close();
});

test('a server that told us to wait is not asked earlier', async () => {
  const { connection, socket } = await opened();
  socket.end(4029, 'rate limited, retry after 60 s');

  browser.setHidden(false);
  browser.goOnline();
  await browser.pass(59_000);

  assert.equal(browser.sockets.length, 1);
  connection.close();
});

test('a page in the browser’s cache has no WebSocket, and gets one when it comes back', async () => {
  const { connection, socket } = await opened();

  browser.onWindow('pagehide', { persisted: true });
  assert.equal(socket.state, 'closing');
  assert.deepEqual(connection.status, { state: 'idle', reason: 'the page is not shown' });
  await browser.pass(3_600_000);
  browser.onWindow('pageshow', { persisted: true });
  (await browser.socket(2)).welcome();

  assert.equal(connection.state, 'open');
  connection.close();
});

test('a page that is shown for the first time is no page that comes back', async () => {
  const { connection } = await opened();

  browser.onWindow('pageshow', { persisted: false });
  await browser.pass();

  assert.equal(browser.sockets.length, 1);
  connection.close();
});

test('a page that comes back after it was refused is not refused again', async () => {
  const { connection, socket } = await opened();
  socket.end(4001, 'token expired');

  browser.onWindow('pagehide', { persisted: true });
  browser.onWindow('pageshow', { persisted: true });
  await browser.pass(60_000);

  assert.equal(connection.state, 'unauthorized');
  assert.equal(browser.sockets.length, 1);
  connection.close();
});
