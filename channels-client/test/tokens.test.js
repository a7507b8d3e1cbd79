// A token before every attempt; what happens when there is none, or it is refused, or another user comes.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { UnauthorizedError, connect, createAuthenticatedWebSocket, tokenChanged } from '../js/index.js';
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

/** An account that the page keeps, and a connection with its token.
 * @param {import('../js/index.js').Options} [options] */
function account(options) {
  /** @type {{token: string | null, fresh: string | null, calls: boolean[]}} */
  const user = { token: 'ann-1', fresh: 'ann-2', calls: [] };
  const token = ({ refresh = false }) => {
    user.calls.push(refresh);
    if (refresh) user.token = user.fresh;
    return user.token;
  };
  const connection = connect(url, { token, ...options });
  return { user, connection };
}

test('the token is asked for before every attempt', async () => {
  const { user, connection } = account();
  (await browser.socket()).end(1006);
  user.token = 'a+b/c=';

  await browser.pass(1_000);

  assert.equal((await browser.socket(2)).url, `wss://example.org${url}?token=a%2Bb%2Fc%3D`);
  assert.deepEqual(user.calls, [false, false]);
  connection.close();
});

test('without a token there is no attempt, now or later', async () => {
  const { user, connection } = account();
  user.token = null;
  connection.close();
  await browser.pass(1_000);
  const anonymous = connect(url, { token: () => null });

  await browser.pass(3_600_000);

  assert.equal(browser.sockets.length, 1);
  assert.deepEqual(anonymous.status, { state: 'idle', reason: 'no token' });
  await assert.rejects(anonymous.send({ type: 'hello' }), { code: 'closed' });
  anonymous.close();
});

test('after 4001 the token is refreshed once, at once', async () => {
  const { user, connection } = account();

  (await browser.socket()).refuse(4001, 'token expired');

  assert.match((await browser.socket(2)).url, /token=ann-2$/);
  assert.deepEqual(user.calls, [false, true]);
  browser.sockets[1].welcome();
  assert.equal(connection.state, 'open');
  connection.close();
});

test('after a second 4001 it stops for good, and says why', async () => {
  const { connection } = account();
  (await browser.socket()).refuse(4001, 'token expired');

  (await browser.socket(2)).refuse(4001, 'bad token');
  await browser.pass(3_600_000);
  browser.setHidden(false);
  browser.goOnline();
  await browser.pass(3_600_000);

  assert.deepEqual(connection.status, { state: 'unauthorized', code: 4001, reason: 'bad token' });
  assert.equal(browser.sockets.length, 2);
  connection.close();
});

test('a refusal never shows as open', async () => {
  const { connection } = account();
  /** @type {string[]} */
  const states = [];
  connection.onState(({ state }) => states.push(state));

  (await browser.socket()).refuse(4001, 'bad token');
  (await browser.socket(2)).refuse(4001, 'bad token');
  await browser.pass(1_000);

  assert.deepEqual(states, ['reconnecting', 'unauthorized']);
  connection.close();
});

test('a token that could only be the same again is not tried again', async () => {
  const fixed = connect(url, { token: 'old' });
  (await browser.socket()).refuse(4001, 'bad token');
  assert.equal(fixed.state, 'unauthorized');
  fixed.close();

  const { user, connection } = account({ identity: 'other' });
  user.fresh = user.token;
  (await browser.socket(2)).refuse(4001, 'bad token');
  await browser.pass(60_000);

  assert.deepEqual(connection.status, { state: 'unauthorized', code: 4001, reason: 'bad token' });
  assert.equal(browser.sockets.length, 2);
  connection.close();
});

test('a refresh that fails for now is asked for again, and the refused token is not', async () => {
  let isDown = true;
  /** @type {boolean[]} */
  const calls = [];
  const connection = connect(url, {
    token: ({ refresh }) => {
      calls.push(refresh);
      if (refresh && isDown) throw new Error('the login is down');
      return refresh ? 'ann-2' : 'ann-1';
    },
  });

  (await browser.socket()).refuse(4001, 'token expired');
  await browser.pass();
  assert.deepEqual([connection.state, calls], ['reconnecting', [false, true]]);
  browser.goOnline();
  await browser.pass();
  isDown = false;
  await browser.pass(5_000);

  assert.deepEqual(calls, [false, true, true, true]);
  assert.match((await browser.socket(2)).url, /token=ann-2$/);
  connection.close();
});

test('a refresh that finds nobody logged in stops', async () => {
  const { user, connection } = account();
  user.fresh = null;

  (await browser.socket()).refuse(4001, 'token expired');
  await browser.pass(60_000);

  assert.deepEqual(connection.status, { state: 'unauthorized', code: 4001, reason: 'token expired' });
  connection.close();
});

test('a token that expires after a stable time is refreshed again', async () => {
  const { user, connection } = account();
  (await browser.socket()).welcome();
  for (let round = 2; round <= 4; round += 1) {
    await browser.pass(5_000);
    user.fresh = `ann-${round}`;
    browser.sockets[round - 2].end(4001, 'token expired');
    (await browser.socket(round)).welcome();
  }

  assert.match(browser.sockets[3].url, /token=ann-4$/);
  assert.equal(connection.state, 'open');
  connection.close();
});

test('a token that cannot be had now is no refusal', async () => {
  let isDown = true;
  const connection = connect(url, {
    token: async () => {
      if (isDown) throw new TypeError('Failed to fetch');
      return 'x';
    },
  });
  await browser.pass();

  assert.equal(connection.state, 'reconnecting');
  assert.equal(connection.status.code, undefined);
  isDown = false;
  await browser.pass(1_000);
  assert.match((await browser.socket()).url, /token=x$/);
  connection.close();
});

test('a token source that says that nobody is logged in stops it', async () => {
  const connection = connect(url, { token: () => { throw new UnauthorizedError('the login has expired'); } });

  await browser.pass(60_000);

  assert.deepEqual(connection.status, { state: 'unauthorized', code: 4001, reason: 'the login has expired' });
  assert.equal(browser.sockets.length, 0);
  connection.close();
});

test('a login opens a connection, a logout ends it', async () => {
  const { user, connection } = account();
  user.token = null;
  tokenChanged();
  await browser.pass();
  assert.equal(connection.state, 'idle');

  user.token = 'ann-1';
  tokenChanged();
  const socket = await browser.socket(1);
  socket.welcome();
  assert.equal(connection.state, 'open');
  user.token = null;
  tokenChanged();
  await browser.pass();

  assert.deepEqual(connection.status, { state: 'idle', reason: 'no token' });
  assert.equal(socket.state, 'closing');
  connection.close();
});

test('another user gets another WebSocket, and nothing of what the first one left', async () => {
  const { user, connection } = account();
  (await browser.socket()).welcome();
  const asked = connection.request({ type: 'rooms' });
  const rejected = assert.rejects(asked, { code: 'switched' });
  await browser.pass();

  user.token = 'bob-1';
  tokenChanged();
  const socket = await browser.socket(2);
  socket.welcome();

  await rejected;
  assert.equal(browser.sockets[0].state, 'closing');
  assert.match(socket.url, /token=bob-1$/);
  assert.deepEqual(socket.sent, []);
  connection.close();
});

test('the same token again changes nothing', async () => {
  const { connection } = account();
  (await browser.socket()).welcome();

  tokenChanged();
  await browser.pass(1_000);

  assert.equal(browser.sockets.length, 1);
  assert.equal(connection.state, 'open');
  connection.close();
});

test('a login while the old token is still being fetched counts', async () => {
  /** @type {((token: string) => void)[]} */
  const answers = [];
  const connection = connect(url, { token: () => new Promise((resolve) => { answers.push(resolve); }) });
  await browser.pass();

  tokenChanged();
  await browser.pass();
  answers[0]('ann');
  answers[1]('bob');

  assert.match((await browser.socket()).url, /token=bob$/);
  connection.close();
});

test('what comes late from the WebSocket before counts no more', async () => {
  const { user, connection } = account();
  (await browser.socket()).welcome();
  user.token = 'bob-1';
  tokenChanged();
  (await browser.socket(2)).welcome();

  browser.sockets[0].say({ type: 'note', for: 'ann' });
  browser.sockets[0].end(4500);

  assert.equal(connection.state, 'open');
  assert.equal(connection.stats.received, 2);
  connection.close();
});

test('two changes at once open it once', async () => {
  /** @type {((token: string) => void)[]} */
  const answers = [];
  const connection = connect(url, { token: () => new Promise((resolve) => { answers.push(resolve); }) });
  await browser.pass();
  answers[0]('ann');
  (await browser.socket()).welcome();

  tokenChanged();
  tokenChanged();
  await browser.pass();
  answers.splice(0).forEach((answer) => answer('bob'));
  await browser.pass();
  answers.splice(0).forEach((answer) => answer('bob'));

  assert.match((await browser.socket(2)).url, /token=bob$/);
  assert.deepEqual(answers, []);
  connection.close();
});

test('another tab’s login and logout count here too', async () => {
  const { user, connection } = account();
  (await browser.socket()).welcome();
  const other = browser.otherTab();

  user.token = null;
  other.postMessage('token changed');
  await browser.pass();

  assert.equal(connection.state, 'idle');
  connection.close();
});

test('another tab’s word that comes before what it wrote to the storage is not lost', async () => {
  const { user, connection } = account();
  (await browser.socket()).welcome();
  browser.onWindow('storage', { key: 'access' });
  await browser.pass();
  assert.equal(user.calls.length, 1);

  browser.otherTab().postMessage('token changed');
  await browser.pass();
  assert.equal(connection.state, 'open');
  user.token = null;
  browser.onWindow('storage', { key: 'access' });
  await browser.pass();

  assert.equal(connection.state, 'idle');
  connection.close();
});

test('other tabs are told of ours, also by a tab without a connection', () => {
  const heard = /** @type {any[]} */ ([]);
  browser.otherTab().onmessage = ({ data }) => heard.push(data);

  tokenChanged();

  assert.equal(heard.length, 1);
});

test('a token that another tab put into the storage counts here too', async () => {
  const { user, connection } = account({ storageKey: 'access' });
  (await browser.socket()).welcome();
  user.token = 'bob-1';

  browser.onWindow('storage', { key: 'theme' });
  await browser.pass();
  assert.equal(browser.sockets.length, 1);
  browser.onWindow('storage', { key: 'access' });
  await browser.socket(2);
  user.token = null;
  browser.onWindow('storage', { key: null });
  await browser.pass();

  assert.equal(connection.state, 'idle');
  connection.close();
});

test('who connects within a second after another user has gone does not get that one’s WebSocket', async () => {
  const { user, connection } = account();
  (await browser.socket()).welcome();
  connection.close();

  user.token = 'bob-1';
  const bobs = connect(url, { token: () => user.token });
  const socket = await browser.socket(2);

  assert.match(socket.url, /token=bob-1$/);
  assert.equal(browser.sockets[0].state, 'closing');
  bobs.close();
});

test('two fixed tokens have a WebSocket each', async () => {
  const [ann, bob] = [connect(url, { token: 'ann' }), connect(url, { token: 'bob' })];

  await browser.socket(2);

  ann.close();
  bob.close();
});

test('with a cookie for credentials a change opens it anew', async () => {
  const connection = connect(url);
  (await browser.socket()).welcome();

  tokenChanged();
  (await browser.socket(2)).refuse(4001, 'no token');

  assert.equal(connection.state, 'unauthorized');
  connection.close();
});

test('a token goes as a subprotocol where that is wanted', async () => {
  const connection = connect(url, { token: 'x.y', tokenIn: 'subprotocol', protocols: ['chat'] });

  const socket = await browser.socket();

  assert.equal(socket.url, `wss://example.org${url}`);
  assert.deepEqual(socket.protocols, ['chat', 'bearer', 'x.y']);
  connection.close();
});

test('a token goes as the first message where that is wanted', async () => {
  const connection = connect(url, { token: 'x.y', tokenIn: 'message' });

  const socket = await browser.socket();
  const sent = connection.send({ type: 'hello' });
  socket.accept();
  await browser.pass(50);

  await sent;
  assert.equal(socket.url, `wss://example.org${url}`);
  assert.deepEqual(socket.sent, [{ type: 'authenticate', token: 'x.y' }, { type: 'hello' }]);
  connection.close();
});

test('who only wants a WebSocket gets one with the token, or none', async () => {
  await createAuthenticatedWebSocket(url, { token: async () => 'a+b', tokenParam: 'ticket' });

  assert.equal(browser.sockets[0].url, `wss://example.org${url}?ticket=a%2Bb`);
  await assert.rejects(createAuthenticatedWebSocket(url, { token: () => null }), UnauthorizedError);
  assert.equal(browser.sockets.length, 1);
});
