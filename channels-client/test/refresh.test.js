// A new token over the open WebSocket.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { connect, tokenChanged } from '../js/index.js';
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

/** A token that expires in so many seconds. @param {number} seconds */
function jwt(seconds) {
  const payload = JSON.stringify({ exp: browser.clock.now / 1000 + seconds });
  return `e30.${Buffer.from(payload).toString('base64url')}.x`;
}

test('a new token goes over the open WebSocket, and counts from then on', async () => {
  let token = 'one';
  const connection = connect(url, { token: ({ refresh }) => (refresh ? (token = 'two') : token) });
  const socket = await browser.socket();
  socket.welcome();

  const refreshed = Promise.all([connection.refresh(), connection.refresh()]);
  await browser.pass();
  assert.deepEqual(socket.sent, [{ type: 'authenticate', token: 'two' }]);
  socket.say({ type: 'authenticated', expires: 1_900_000_000 });

  await refreshed;
  socket.end(4001, 'bad token');
  await browser.pass(60_000);
  assert.equal(browser.sockets.length, 1, 'the token in use was the new one');
  connection.close();
});

test('a greeting of the same type is an event too, and ends no refresh that nobody began', async () => {
  const connection = connect(url, { token: 'one' });
  /** @type {any[]} */
  const heard = [];
  connection.on('authenticated', (event) => heard.push(event));

  (await browser.socket()).welcome({ type: 'authenticated', user: 'ann' });

  assert.equal(heard.length, 1);
  connection.close();
});

test('in band, a token is replaced half a minute before it expires', async () => {
  const connection = connect(url, { token: () => jwt(300), refresh: 'in-band', heartbeat: 0 });
  const socket = await browser.socket();
  socket.welcome();

  await browser.pass(269_999);
  assert.equal(socket.sent.length, 0);
  await browser.pass(1);
  assert.equal(socket.sent.length, 1);
  socket.say({ type: 'authenticated', expires: browser.clock.now / 1000 + 100 });
  await browser.pass(69_999);
  assert.equal(socket.sent.length, 1);
  await browser.pass(1);

  assert.equal(socket.sent.length, 2);
  assert.equal(browser.sockets.length, 1);
  connection.close();
});

test('a clock that is wrong does not make it refresh for ever', async () => {
  const connection = connect(url, { token: () => jwt(-3_600), refresh: 'in-band', heartbeat: 0 });
  const socket = await browser.socket();
  socket.welcome();

  await browser.pass(3_600_000);

  assert.deepEqual(socket.sent, []);
  connection.close();
});

test('by default nothing is sent before the server refuses the old one', async () => {
  const connection = connect(url, { token: () => jwt(300), heartbeat: 0 });
  const socket = await browser.socket();
  socket.welcome();

  await browser.pass(600_000);

  assert.deepEqual(socket.sent, []);
  connection.close();
});

test('a server that does not answer a new token is told so, in time', async () => {
  const connection = connect(url, { token: 'x' });
  (await browser.socket()).welcome();

  const refused = assert.rejects(connection.refresh(), { code: 'timeout' });
  await browser.pass(10_000);

  await refused;
  connection.close();
});

test('a refresh ends with its WebSocket', async () => {
  const connection = connect(url, { token: 'x' });
  (await browser.socket()).welcome();
  const refused = assert.rejects(connection.refresh(), { code: 'closed' });
  await browser.pass();

  browser.sockets[0].end(1006);

  await refused;
  await assert.rejects(connection.refresh(), { code: 'closed' });
  connection.close();
});

test("a user's new token that comes when another has logged in is not sent", async () => {
  let token = 'ann-1';
  /** @type {((token: string) => void) | undefined} */
  let arrives;
  const connection = connect(url, {
    token: ({ refresh }) => (refresh ? new Promise((resolve) => { arrives = resolve; }) : token),
  });
  (await browser.socket()).welcome();
  const refused = assert.rejects(connection.refresh(), { code: 'switched' });
  await browser.pass();

  token = 'bob-1';
  tokenChanged();
  const socket = await browser.socket(2);
  socket.welcome();
  arrives?.('ann-2');
  await browser.pass();

  await refused;
  assert.deepEqual(socket.sent, []);
  connection.close();
});
