// From the first attempt to the last.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { connect } from '../js/index.js';
import { Browser } from './support/browser.js';

/** @type {Browser} */
let browser;
/** A path of its own for each test: connections are shared. */
let url = '/ws/0/';
let count = 0;

beforeEach(() => {
  browser = new Browser();
  count += 1;
  url = `/ws/${count}/`;
});

// connections that were given back are closed after a second
afterEach(() => browser.pass(1_000));

/** @param {import('../js/index.js').Options} [options] */
function connected(options) {
  const connection = connect(url, options);
  /** @type {import('../js/index.js').Status[]} */
  const statuses = [];
  connection.onState((status) => statuses.push(status));
  return { connection, statuses, states: () => statuses.map(({ state }) => state) };
}

test('it connects at once, to the page’s own host', async () => {
  const { connection, states } = connected();

  (await browser.socket()).welcome();

  assert.equal(browser.sockets[0].url, `wss://example.org${url}`);
  assert.equal(connection.state, 'open');
  assert.deepEqual(states(), ['open']);
  connection.close();
});

test('a server that says nothing is believed after a moment', async () => {
  const { connection } = connected();

  (await browser.socket()).accept();

  assert.equal(connection.state, 'connecting');
  await browser.pass(50);
  assert.equal(connection.state, 'open');
  connection.close();
});

test('a lost connection is tried again, with its code told', async () => {
  const { connection, statuses, states } = connected();
  (await browser.socket()).welcome();

  browser.sockets[0].end(1006);

  assert.deepEqual(statuses.at(-1), {
    state: 'reconnecting', code: 1006, reason: 'lost', retryAt: browser.clock.now + 750,
  });
  await browser.pass(749);
  assert.equal(browser.sockets.length, 1);
  await browser.pass(1);
  (await browser.socket(2)).welcome();
  assert.deepEqual(states(), ['open', 'reconnecting', 'reconnecting', 'open']);
  assert.equal(connection.stats.reconnects, 1);
  connection.close();
});

test('pauses grow as long as it fails, and start anew only when it was stable', async () => {
  const { connection } = connected();
  const pauses = [];
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    const socket = await browser.socket(attempt);
    socket.welcome();
    await browser.pass(4_999);
    socket.end(1011);
    pauses.push(Number(connection.status.retryAt) - browser.clock.now);
    await browser.pass(pauses.at(-1));
  }

  (await browser.socket(5)).welcome();
  await browser.pass(5_000);
  browser.sockets[4].end(1011);

  assert.deepEqual(pauses, [750, 1_250, 2_250, 4_250]);
  assert.equal(Number(connection.status.retryAt) - browser.clock.now, 750);
  connection.close();
});

test('an attempt that takes too long is a failure', async () => {
  const { connection } = connected();
  await browser.socket();

  await browser.pass(10_000);

  assert.equal(connection.state, 'reconnecting');
  assert.equal(connection.status.reason, 'no connection in time');
  assert.equal(browser.sockets[0].state, 'closing');
  connection.close();
});

test('after ten attempts it gives up, and says so', async () => {
  const { connection, states } = connected();
  for (let attempt = 1; attempt <= 11; attempt += 1) {
    (await browser.socket(attempt)).end(1006);
    await browser.pass(Number(connection.status.retryAt) - browser.clock.now);
  }

  assert.deepEqual(connection.status, { state: 'closed', code: 1006, reason: 'given up: lost', retryable: true });
  await browser.pass(3_600_000);
  assert.equal(browser.sockets.length, 11);
  assert.equal(states().filter((state) => state === 'closed').length, 1);
  connection.close();
});

test('the user can ask for another attempt when it was given up', async () => {
  const { connection } = connected({ attempts: 0 });
  (await browser.socket()).end(1006);
  assert.equal(connection.state, 'closed');

  connection.reconnect();
  (await browser.socket(2)).welcome();

  assert.equal(connection.state, 'open');
  connection.close();
});

for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 4003, 4009, 4400, 4500, 4999]) {
  test(`after ${code} it stops for good`, async () => {
    const { connection } = connected();
    (await browser.socket()).welcome();

    browser.sockets[0].end(code, 'because');
    await browser.pass(3_600_000);

    assert.deepEqual(connection.status, { state: 'closed', code, reason: 'because', retryable: ![4003, 4500, 4999].includes(code) });
    assert.equal(browser.sockets.length, 1);
    browser.setHidden(false);
    browser.goOnline();
    await browser.pass(1_000);
    assert.equal(browser.sockets.length, 1);
    connection.close();
  });
}

for (const code of [1001, 1005, 1006, 1011, 1013, 4008, 4010, 4100]) {
  test(`after ${code} it tries again, with the token it has`, async () => {
    let calls = 0;
    const { connection } = connected({ token: ({ refresh }) => { calls += 1; return refresh ? 'new' : 'old'; } });
    (await browser.socket()).welcome();

    browser.sockets[0].end(code);
    await browser.pass(1_000);

    assert.match((await browser.socket(2)).url, /token=old$/);
    assert.equal(calls, 2);
    connection.close();
  });
}

test('after a restart it comes back within the spread', async () => {
  browser.random = 0.9;
  const { connection } = connected();
  (await browser.socket()).welcome();

  browser.sockets[0].end(1012, 'the server restarts, come back within 30 s');

  assert.equal(Number(connection.status.retryAt) - browser.clock.now, 27_000);
  connection.close();
});

test('a listener may end what it is told of', async () => {
  const connection = connect(url);
  connection.onState(({ state }) => state === 'open' && connection.close());

  (await browser.socket()).welcome();
  await browser.pass(60_000);

  assert.equal(browser.sockets.length, 1);
  assert.equal(browser.sockets[0].state, 'closing');
  assert.equal(browser.clock.pending, 0);
});

test('two calls with one address share a WebSocket, and the last one to leave closes it', async () => {
  const one = connect(url);
  const two = connect(new URL(`https://example.org${url}`));
  const socket = await browser.socket();
  socket.welcome();

  one.close();
  one.close();
  await browser.pass(2_000);
  assert.equal(two.state, 'open');
  assert.equal(socket.state, 'open');
  two.close();
  await browser.pass(999);
  assert.equal(socket.state, 'open');
  await browser.pass(1);

  assert.equal(socket.state, 'closing');
  assert.equal(browser.clock.pending, 0);
});

test('who connects again within a second gets the same WebSocket', async () => {
  connect(url).close();
  await browser.pass(999);
  const again = connect(url);
  (await browser.socket()).welcome();

  await browser.pass(5_000);

  assert.equal(again.state, 'open');
  again.close();
});

test('two identities have a WebSocket each', async () => {
  const one = connect(url, { identity: '1' });
  const two = connect(url, { identity: '2' });

  await browser.socket(2);

  one.close();
  two.close();
});

test('a handle that was given back hears nothing, and can do nothing', async () => {
  const one = connected();
  const other = connect(url);
  one.connection.close();

  (await browser.socket()).welcome();

  assert.deepEqual(one.states(), []);
  await assert.rejects(one.connection.send({}), { code: 'closed' });
  assert.throws(() => one.connection.reconnect(), { code: 'closed' });
  other.close();
});

test('what is no address is an error at once', () => {
  assert.throws(() => connect('mailto:ann@example.org'), TypeError);
});
