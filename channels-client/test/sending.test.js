// What becomes of messages: sent, queued, answered, sent another way.

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

test('a message over an open WebSocket tells that it went this way', async () => {
  const connection = connect(url);
  const socket = await browser.socket();
  socket.welcome();

  assert.deepEqual(await connection.send({ type: 'hello' }), { method: 'websocket' });

  assert.deepEqual(socket.sent, [{ type: 'hello' }]);
  assert.equal(connection.stats.sent, 1);
  connection.close();
});

test('messages wait for the WebSocket, and go in their order', async () => {
  const connection = connect(url);
  const all = Promise.all([1, 2, 3].map((number) => connection.send({ number })));

  const socket = await browser.socket();
  assert.equal(socket.sent.length, 0);
  socket.welcome();

  assert.deepEqual(await all, Array(3).fill({ method: 'websocket' }));
  assert.deepEqual(socket.sent, [{ number: 1 }, { number: 2 }, { number: 3 }]);
  connection.close();
});

test('messages that wait survive a lost connection', async () => {
  const connection = connect(url);
  const sent = connection.send({ type: 'hello' });
  (await browser.socket()).end(1006);
  await browser.pass(1_000);

  (await browser.socket(2)).welcome();

  assert.deepEqual(await sent, { method: 'websocket' });
  assert.deepEqual(browser.sockets[1].sent, [{ type: 'hello' }]);
  connection.close();
});

test('one message too many is rejected and counted', async () => {
  const connection = connect(url, { queueSize: 2 });
  const kept = Promise.all([connection.send(1), connection.send(2)]);

  await assert.rejects(connection.send(3), { name: 'ChannelsError', code: 'queue_full' });

  (await browser.socket()).welcome();
  await kept;
  assert.deepEqual(browser.sockets[0].sent, [1, 2]);
  assert.equal(connection.stats.dropped, 1);
  connection.close();
});

test('or the oldest gives way, where that is wanted', async () => {
  const connection = connect(url, { queueSize: 2, overflow: 'drop-oldest' });
  const oldest = assert.rejects(connection.send(1), { code: 'queue_full' });
  const kept = Promise.all([connection.send(2), connection.send(3)]);

  await oldest;

  (await browser.socket()).welcome();
  await kept;
  assert.deepEqual(browser.sockets[0].sent, [2, 3]);
  connection.close();
});

test('a message does not wait for ever', async () => {
  const connection = connect(url);
  const late = assert.rejects(connection.send({ type: 'hello' }), { code: 'timeout' });

  await browser.pass(10_000);

  await late;
  assert.equal(connection.stats.dropped, 1);
  connection.close();
});

test('what waits is rejected when the end comes, and so is what comes after it', async () => {
  const connection = connect(url);
  const waiting = assert.rejects(connection.send(1), { code: 'closed', message: /forbidden/ });

  (await browser.socket()).refuse(4003);

  await waiting;
  await assert.rejects(connection.send(2), { code: 'closed' });
  connection.close();
});

test('a WebSocket that does not get rid of its bytes takes no more', async () => {
  const connection = connect(url, { queueSize: 1 });
  const socket = await browser.socket();
  socket.welcome();
  socket.bufferedAmount = 2 * 1024 * 1024;

  const waits = connection.send(1);
  await assert.rejects(connection.send(2), { code: 'queue_full' });
  assert.deepEqual(socket.sent, []);
  socket.bufferedAmount = 0;
  socket.say({ type: 'pong' });

  await waits;
  assert.deepEqual(socket.sent, [1]);
  connection.close();
});

test('without a WebSocket a message goes by REST, and that is told', async () => {
  const rest = async (/** @type {any} */ message) => ({ id: 7, ...message });
  const connection = connect(url, { rest });

  const sent = await connection.send({ text: 'hello' });

  assert.deepEqual(sent, { method: 'rest', result: { id: 7, text: 'hello' } });
  (await browser.socket()).welcome();
  assert.deepEqual(await connection.send({ text: 'hello' }), { method: 'websocket' });
  assert.equal(connection.stats.rest, 1);
  connection.close();
});

test('one message can have a REST call of its own, and its failure is the sender’s', async () => {
  const connection = connect(url);
  const rest = async () => { throw new TypeError('Failed to fetch'); };

  await assert.rejects(connection.send({}, { rest }), TypeError);
  connection.close();
});

test('a request gets the answer with its ref', async () => {
  const connection = connect(url);
  const socket = await browser.socket();
  socket.welcome();
  const [first, second] = [connection.request({ type: 'add', a: 1 }), connection.request({ type: 'add', a: 2 })];
  await browser.pass();

  const [one, two] = socket.sent.map(({ ref }) => ref);
  assert.deepEqual(socket.sent, [{ type: 'add', a: 1, ref: one }, { type: 'add', a: 2, ref: two }]);
  socket.say({ type: 'sum', sum: 20, ref: two });
  socket.say({ type: 'sum', sum: 10, ref: one });

  assert.equal((await first).sum, 10);
  assert.equal((await second).sum, 20);
  connection.close();
});

test('a request gets the answer of the type it names, from a server without ref', async () => {
  const connection = connect(url);
  /** @type {any[]} */
  const events = [];
  connection.on('room_list', (event) => events.push(event));
  const socket = await browser.socket();
  socket.welcome();
  const asked = connection.request({ type: 'get_room_list' }, { reply: 'room_list' });
  await browser.pass();

  socket.say({ type: 'room_list', rooms: ['lobby'] });
  socket.say({ type: 'room_list', rooms: ['attic'] });

  assert.deepEqual((await asked).rooms, ['lobby']);
  assert.deepEqual(events.map(({ rooms }) => rooms), [['attic']]);
  connection.close();
});

test('a request is rejected by the error frame that answers it', async () => {
  const connection = connect(url);
  const socket = await browser.socket();
  socket.welcome();
  const asked = connection.request({ type: 'enter' });
  await browser.pass();

  socket.say({ type: 'error', code: 'room_full', message: 'the room is full', ref: socket.sent[0].ref });

  await assert.rejects(asked, { code: 'room_full', message: 'the room is full' });
  connection.close();
});

test('another client’s ref is no answer, and an answer that comes too late is no event', async () => {
  const connection = connect(url);
  /** @type {any[]} */
  const events = [];
  connection.on('*', (event) => events.push(event));
  const socket = await browser.socket();
  socket.welcome();
  const late = assert.rejects(connection.request({ type: 'a' }), { code: 'timeout' });
  await browser.pass();

  socket.say({ type: 'passed on', ref: '1' });
  await browser.pass(10_000);
  await late;
  socket.say({ type: 'done', ref: socket.sent[0].ref });

  assert.deepEqual(events, [{ type: 'passed on', ref: '1' }]);
  connection.close();
});

test('a request has a time limit, and can be aborted', async () => {
  const connection = connect(url);
  (await browser.socket()).welcome();
  const abort = new AbortController();
  const aborted = assert.rejects(connection.request({}, { signal: abort.signal }), { code: 'aborted' });
  const before = assert.rejects(connection.request({}, { signal: AbortSignal.abort() }), { code: 'aborted' });
  const late = assert.rejects(connection.request({}, { timeout: 2_000 }), { code: 'timeout' });

  abort.abort();
  await browser.pass(2_000);

  await Promise.all([aborted, before, late]);
  assert.equal(browser.sockets[0].sent.length, 2);
  connection.close();
});

test('a request whose WebSocket is lost fails at once; one that waits to be sent does not', async () => {
  const connection = connect(url);
  (await browser.socket()).welcome();
  const lost = assert.rejects(connection.request({ type: 'a' }), { code: 'closed' });
  await browser.pass();
  browser.sockets[0].end(1006);
  await lost;
  const asked = connection.request({ type: 'b' });
  await browser.pass(1_000);

  const socket = await browser.socket(2);
  socket.welcome();
  socket.say({ type: 'done', ref: socket.sent[0].ref });

  assert.equal((await asked).type, 'done');
  connection.close();
});

test('a request without a WebSocket can be answered by REST', async () => {
  const connection = connect(url);

  const answer = await connection.request({ type: 'rooms' }, { rest: async () => ({ rooms: [] }) });

  assert.deepEqual(answer, { rooms: [] });
  connection.close();
});

test('events go to those who listen to their type, or to all', async () => {
  /** @type {import('../js/index.js').Connection<{'chat.message': {text: string}, 'chat.typing': {from: string}}>} */
  const connection = connect(url);
  /** @type {string[]} */
  const heard = [];
  const off = connection.on('chat.message', ({ text }) => heard.push(`message ${text}`));
  const abort = new AbortController();
  connection.on('chat.typing', ({ from }) => heard.push(`typing ${from}`), { signal: abort.signal });
  connection.on('*', (event) => heard.push(Object.keys(event).join()));
  const socket = await browser.socket();
  socket.welcome();

  socket.say({ type: 'chat.message', text: 'a' });
  socket.say({ type: 'chat.typing', from: 'ann' });
  off();
  abort.abort();
  socket.say({ type: 'chat.message', text: 'b' });
  socket.say({ type: 'chat.typing', from: 'bob' });

  assert.deepEqual(heard, ['message a', 'type,text', 'typing ann', 'type,from', 'type,text', 'type,from']);
  connection.close();
});

test('a listener that throws is reported, and keeps nobody else from the event', async () => {
  const connection = connect(url);
  /** @type {any[]} */
  const heard = [];
  connection.on('x', () => { throw new Error('mine'); });
  connection.on('x', (event) => heard.push(event));
  const socket = await browser.socket();
  socket.welcome();

  socket.say({ type: 'x' });

  assert.equal(heard.length, 1);
  await assert.rejects(browser.pass(), /mine/);
  connection.close();
});

test('frames that are no JSON objects are counted, and do no harm', async () => {
  const connection = connect(url);
  const socket = await browser.socket();
  socket.welcome();

  socket.say('hello');
  socket.say('null');
  socket.say('7');

  assert.equal(connection.state, 'open');
  assert.equal(connection.stats.unreadable, 3);
  connection.close();
});

test('the server gets the numbers when it asks, and what is new when it asks again', async () => {
  const connection = connect(url);
  (await browser.socket()).end(1006);
  await browser.pass(1_000);
  const socket = await browser.socket(2);
  socket.accept();
  await browser.pass(50);
  await browser.pass(30);
  socket.say({ type: 'pong' });

  socket.say({ type: 'client.stats' });

  assert.deepEqual(socket.sent, [{
    type: 'client.stats',
    attempts: 2,
    reconnects: 0,
    fallbacks: 0,
    rest: 0,
    sent: 0,
    received: 2,
    unreadable: 0,
    dropped: 0,
    latency: 30,
  }]);
  socket.say({ type: 'client.stats' });
  assert.deepEqual([socket.sent[1].attempts, socket.sent[1].received, socket.sent[1].latency], [0, 1, 30]);
  connection.close();
});
