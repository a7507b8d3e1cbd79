// With the real cache of TanStack Query.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { QueryClient } from '@tanstack/react-query';

import { connect } from '../js/index.js';
import { syncQueries } from '../js/query.js';
import { Browser } from './support/browser.js';

const KEY = ['appointments'];
const EVENTS = { created: 'appointment.created', updated: 'appointment.updated', deleted: 'appointment.deleted' };

/** @type {Browser} */
let browser;
/** @type {QueryClient} */
let queries;
/** @type {import('../js/index.js').Connection} */
let connection;
/** @type {import('./support/socket.js').FakeWebSocket} */
let socket;
let count = 0;

beforeEach(async () => {
  browser = new Browser();
  queries = new QueryClient();
  count += 1;
  connection = connect(`/ws/${count}/`);
  socket = await browser.socket();
  socket.welcome();
});

afterEach(async () => {
  connection.close();
  queries.clear();
  await browser.pass(1_000);
});

/** @param {'created' | 'updated' | 'deleted'} what @param {object} appointment */
function happens(what, appointment) {
  socket.say({ type: EVENTS[what], appointment });
}

/** @param {Partial<import('../js/query.js').SyncOptions<any>>} [options] */
function sync(options) {
  const item = (/** @type {any} */ event) => event.appointment;
  return syncQueries(queries, connection, { queryKey: KEY, ...EVENTS, item, ...options });
}

test('what is created, updated and deleted is so in a list', () => {
  queries.setQueryData(KEY, [{ id: 1, room: 'a' }]);
  sync();

  happens('created', { id: 2, room: 'b' });
  assert.deepEqual(queries.getQueryData(KEY), [{ id: 1, room: 'a' }, { id: 2, room: 'b' }]);
  happens('updated', { id: 1, room: 'c' });
  assert.deepEqual(queries.getQueryData(KEY), [{ id: 1, room: 'c' }, { id: 2, room: 'b' }]);
  happens('deleted', { id: 2 });

  assert.deepEqual(queries.getQueryData(KEY), [{ id: 1, room: 'c' }]);
});

test('what a REST call brought before its event is there once', () => {
  queries.setQueryData(KEY, [{ id: 1, room: 'a' }]);
  sync();

  happens('created', { id: 1, room: 'a' });

  assert.deepEqual(queries.getQueryData(KEY), [{ id: 1, room: 'a' }]);
});

test('an event that is older than what is there changes nothing', () => {
  queries.setQueryData(KEY, [{ id: 1, version: 3 }]);
  sync({ isNewer: (item, cached) => item.version > cached.version });

  happens('updated', { id: 1, version: 2 });
  assert.deepEqual(queries.getQueryData(KEY), [{ id: 1, version: 3 }]);
  happens('updated', { id: 1, version: 4 });

  assert.deepEqual(queries.getQueryData(KEY), [{ id: 1, version: 4 }]);
});

test('a query that filters gets what belongs to it, and loses what does not any more', () => {
  queries.setQueryData([...KEY, { day: 'mon' }], []);
  queries.setQueryData([...KEY, { day: 'tue' }], []);
  sync({ belongs: (item, [, filter]) => item.day === /** @type {{day: string}} */ (filter).day });

  happens('created', { id: 1, day: 'mon' });
  assert.deepEqual(queries.getQueryData([...KEY, { day: 'mon' }]), [{ id: 1, day: 'mon' }]);
  happens('updated', { id: 1, day: 'tue' });

  assert.deepEqual(queries.getQueryData([...KEY, { day: 'mon' }]), []);
  assert.deepEqual(queries.getQueryData([...KEY, { day: 'tue' }]), [{ id: 1, day: 'tue' }]);
});

test('a page of Django REST framework, an infinite query and a single item are kept in step too', () => {
  queries.setQueryData([...KEY, 'page'], { count: 9, next: null, results: [{ id: 1, room: 'a' }] });
  const pages = [[{ id: 1, room: 'a' }], [{ id: 2, room: 'b' }]];
  queries.setQueryData([...KEY, 'all'], { pages, pageParams: [0, 1] });
  queries.setQueryData([...KEY, 1], { id: 1, room: 'a' });
  sync({ add: 'start' });

  happens('created', { id: 3, room: 'c' });
  happens('updated', { id: 1, room: 'd' });
  happens('deleted', { id: 2 });

  assert.deepEqual(queries.getQueryData([...KEY, 'page']), {
    count: 10, next: null, results: [{ id: 3, room: 'c' }, { id: 1, room: 'd' }],
  });
  assert.deepEqual(queries.getQueryData([...KEY, 'all']), {
    pages: [[{ id: 3, room: 'c' }, { id: 1, room: 'd' }], []], pageParams: [0, 1],
  });
  assert.deepEqual(queries.getQueryData([...KEY, 1]), { id: 1, room: 'd' });
});

test('an update of what is on another page does not appear on this one', () => {
  queries.setQueryData(KEY, { count: 9, results: [{ id: 1 }] });
  sync();

  happens('updated', { id: 7 });

  assert.deepEqual(queries.getQueryData(KEY), { count: 9, results: [{ id: 1 }] });
});

test('after a break everything is fetched again', async () => {
  sync();
  queries.setQueryData(KEY, []);
  queries.setQueryData(['others'], []);
  socket.end(1006);
  await browser.pass(1_000);
  assert.equal(queries.getQueryState(KEY)?.isInvalidated, false);

  (await browser.socket(2)).welcome();

  assert.equal(queries.getQueryState(KEY)?.isInvalidated, true);
  assert.equal(queries.getQueryState(['others'])?.isInvalidated, false);
});

test('what was fetched before it began is fetched again, and an event does not change that', async () => {
  queries.setQueryData(KEY, [{ id: 1 }]);
  sync();
  assert.equal(queries.getQueryState(KEY)?.isInvalidated, true);

  happens('created', { id: 2 });

  assert.deepEqual(queries.getQueryData(KEY), [{ id: 1 }, { id: 2 }]);
  assert.equal(queries.getQueryState(KEY)?.isInvalidated, true);
});

test('an answer that was under way when the event came is asked for again', async () => {
  /** @type {((list: object[]) => void)[]} */
  const answers = [];
  const queryFn = () => new Promise((resolve) => { answers.push(resolve); });
  const fetched = queries.fetchQuery({ queryKey: KEY, queryFn });
  sync();

  happens('created', { id: 1 });
  answers[0]([]);
  await fetched;
  await browser.pass();

  assert.equal(queries.getQueryState(KEY)?.isInvalidated, true);
});

test('it ends when that is wanted', () => {
  queries.setQueryData(KEY, []);
  const end = sync();

  end();
  happens('created', { id: 1 });

  assert.deepEqual(queries.getQueryData(KEY), []);
});
