// News over HTTP while there is no WebSocket, and the way back.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { UnauthorizedError, connect } from '../js/index.js';
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

/** @param {import('../js/index.js').Connection} connection @param {number} upTo  failures */
async function fail(connection, upTo) {
  for (let attempt = browser.sockets.length; attempt <= upTo; attempt += 1) {
    await browser.pass();
    if (browser.sockets.length < attempt || attempt === 0) continue;
    browser.sockets[attempt - 1].end(1006);
    if (attempt < upTo) await browser.pass(Number(connection.status.retryAt) - browser.clock.now);
  }
}

test('after three failures news come by polling, and after the next success by WebSocket again', async () => {
  let polls = 0;
  const connection = connect(url, {
    poll: async () => {
      polls += 1;
      return polls === 1 ? [{ type: 'note', id: 1 }, { type: 'note', id: 2 }] : null;
    },
    heartbeat: 0,
  });
  /** @type {string[]} */
  const states = [];
  connection.onState(({ state }) => states.at(-1) === state || states.push(state));
  /** @type {number[]} */
  const notes = [];
  connection.on('note', ({ id }) => notes.push(id));

  await fail(connection, 3);
  await browser.pass();
  assert.equal(connection.state, 'polling');
  await browser.pass(Number(connection.status.retryAt) - browser.clock.now);
  (await browser.socket(4)).welcome();
  const before = polls;
  await browser.pass(120_000);

  assert.deepEqual(states, ['reconnecting', 'polling', 'open']);
  assert.deepEqual(notes, [1, 2]);
  assert.equal(polls, before);
  assert.equal(connection.stats.fallbacks, 1);
  connection.close();
});

test('it polls every 15 s, whatever one call comes to', async () => {
  let polls = 0;
  const connection = connect(url, {
    poll: async () => {
      polls += 1;
      throw new TypeError('Failed to fetch');
    },
    minDelay: 1_000_000,
    maxDelay: 1_000_000,
    pollAfter: 1,
  });
  await fail(connection, 1);

  await browser.pass(60_000);

  assert.equal(polls, 5);
  connection.close();
});

test('with polling it never gives up, but slows down', async () => {
  const connection = connect(url, { poll: async () => null, attempts: 3 });

  await fail(connection, 4);

  assert.equal(connection.state, 'polling');
  assert.equal(Number(connection.status.retryAt) - browser.clock.now, 45_000);
  connection.close();
});

test('a poll that is refused ends it', async () => {
  const connection = connect(url, { poll: async () => { throw new UnauthorizedError(); }, pollAfter: 1 });

  await fail(connection, 1);
  await browser.pass(3_600_000);

  assert.equal(connection.state, 'unauthorized');
  assert.equal(browser.sockets.length, 1);
  connection.close();
});

test('a poll that answers after the way back is not heard', async () => {
  /** @type {(frame: any) => void} */
  let answer = () => {};
  /** @type {AbortSignal | undefined} */
  let life;
  const connection = connect(url, {
    poll: ({ signal }) => {
      life = signal;
      return new Promise((resolve) => { answer = resolve; });
    },
    pollAfter: 1,
  });
  /** @type {any[]} */
  const heard = [];
  connection.on('*', (event) => heard.push(event));
  await fail(connection, 1);
  await browser.pass(1_000);

  (await browser.socket(2)).welcome();
  answer({ type: 'old news' });
  await browser.pass();

  assert.equal(life?.aborted, true);
  assert.deepEqual(heard, []);
  connection.close();
});
