// The page: login, a form to start a task, and the list. The client library looks after the socket.

import { UnauthorizedError, connect, tokenChanged } from '/channels/index.js';

import { List } from './list.js';
import { whyEnded } from './reasons.js';
import { Account, Refused, notify, onSubmit, showAccount, showState, the } from './site.js';

/** @typedef {import('/channels/index.js').Status} Status */

/** The close code of a login that was ended. */
const REVOKED = 4500;

/** The socket's path: a ticket is good for no other. */
const PATH = '/ws/tasks/';

const account = new Account();

/** What the socket shows by its address: a ticket, which is worth nothing afterwards, or the token itself. */
const way = {
  get isToken() { return localStorage.getItem('way') === 'token'; },
  /** @param {string} value */
  set(value) { localStorage.setItem('way', value); },
};

/** @type {ReturnType<typeof connect> | undefined} */
let connection;

const list = new List((id) => void answer(account.call('POST', `/api/tasks/${id}/cancel`).then((task) => list.put(task))));

function start() {
  onSubmit('login', logIn);
  onSubmit('composer', begin);
  the('logout').onclick = logOut;
  the('reconnect').onclick = () => connection?.reconnect();
  the('dismiss').onclick = () => notify('');
  if (account.token) enter();
  else leave({ state: 'idle' });
}

async function logIn() {
  the('login-button').disabled = true;
  the('login-error').textContent = '';
  try {
    way.set(new FormData(the('login')).get('way')?.toString() ?? 'ticket');
    await account.logIn(the('username').value, the('password').value);
    enter();
  } catch (error) {
    the('login-error').textContent = error instanceof Error ? error.message : '';
  }
  the('login-button').disabled = false;
}

/** Ends the sockets of all tabs, too: the server closes them. */
async function logOut() {
  const loggedOut = account.call('POST', '/api/logout');
  leave({ state: 'idle' });
  await answer(loggedOut);
}

function enter() {
  showAccount(true, account.name);
  connection = connect(PATH, {
    token: way.isToken ? () => account.token : ticket,
    identity: account.name,
    storageKey: Account.KEY,
    // some seconds, then the user says when
    attempts: 5,
    maxDelay: 2_000,
  });
  connection.onState(follow);
  connection.on('connected', catchUp);
  connection.on('channels.gap', catchUp);
  connection.on('task.created', ({ task }) => list.put(task));
  connection.on('task.updated', ({ task }) => list.put(task));
}

/** A ticket for one attempt; `null`: nobody is logged in. */
async function ticket() {
  if (!account.token) return null;
  try {
    const { ticket } = await account.call('POST', '/api/ticket', { path: PATH });
    return ticket;
  } catch (error) {
    throw error instanceof Refused && error.status === 401 ? new UnauthorizedError() : error;
  }
}

/** @param {Status} status  what is told about it */
function leave(status) {
  connection?.close();
  connection = undefined;
  account.forget();
  tokenChanged();
  list.clear();
  showState(status);
  the('reconnect').hidden = true;
  showAccount(false);
  the('login-error').textContent = whyEnded(status);
}

/** @param {Status} status */
function follow(status) {
  // refused, revoked, or logged out in another tab
  if (status.state === 'unauthorized' || status.code === REVOKED) return leave(status);
  if (!account.token) return leave({ state: 'idle' });
  showState(status);
  the('reconnect').hidden = !status.retryable;
  notify(whyEnded(status));
}

/** What happened before the socket was open, or while it was not. */
async function catchUp() {
  const listed = await answer(account.call('GET', '/api/tasks'));
  if (listed) list.showAll(listed.tasks);
}

async function begin() {
  the('start').disabled = true;
  const task = await answer(account.call('POST', '/api/tasks', { below: Number(the('below').value) }));
  the('start').disabled = false;
  if (task) list.put(task);
}

/** What a call of the REST side resolves to, unless it fails: then that is told.
 * @template T @param {Promise<T>} call @returns {Promise<T | undefined>} */
async function answer(call) {
  try {
    const resolved = await call;
    notify('');
    return resolved;
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

start();
