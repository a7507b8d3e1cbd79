// The page: login, inbox, and a form to notify somebody. The client library looks after the socket.

import { UnauthorizedError, connect, tokenChanged } from '/channels/index.js';

import { Inbox } from './inbox.js';
import { whyEnded } from './reasons.js';
import { Account, Refused, notify, onSubmit, showAccount, showState, the } from './site.js';

/** @typedef {import('/channels/index.js').Status} Status */

/** The close code of a login that was ended. */
const REVOKED = 4500;

const account = new Account();

/** Which credential the socket shows: the token by its address, or the cookie, which the browser adds by itself. */
const way = {
  get isSession() { return localStorage.getItem('way') === 'session'; },
  /** @param {string} value */
  set(value) { localStorage.setItem('way', value); },
};

/** @type {ReturnType<typeof connect> | undefined} */
let connection;
/** The token of the login that this tab shows: another tab may have stored that of a later one. @type {string | null} */
let presented = null;

const inbox = new Inbox({
  /** @param {number} id @param {boolean} isRead */
  mark: (id, isRead) => answer(account.call('PATCH', `/api/notifications/${id}`, { is_read: isRead })),
  /** @param {number} id */
  remove: (id) => answer(account.call('DELETE', `/api/notifications/${id}`)),
});

function start() {
  onSubmit('login', logIn);
  onSubmit('composer', send);
  the('logout').onclick = logOut;
  the('older').onclick = showOlder;
  the('dismiss').onclick = () => notify('');
  if (account.token) enter();
  else leave({ state: 'idle' });
}

async function logIn() {
  the('login-button').disabled = true;
  the('login-error').textContent = '';
  try {
    way.set(new FormData(the('login')).get('way')?.toString() ?? 'token');
    await account.logIn(the('username').value, the('password').value);
    enter();
  } catch (error) {
    the('login-error').textContent = error instanceof Error ? error.message : '';
  }
  the('login-button').disabled = false;
}

/** Ends the sockets of all tabs, too: the server closes them. */
async function logOut() {
  presented = account.token;
  const loggedOut = account.call('POST', '/api/logout');
  leave({ state: 'idle' });
  await answer(loggedOut);
}

function enter() {
  account.showsToken = !way.isSession;
  presented = account.token;
  showAccount(true, account.name);
  connection = connect('/ws/notifications/', {
    // a session has no token to show; that it is there at all is known by the login
    token: way.isSession ? undefined : () => { presented = account.token; return presented; },
    identity: account.name,
    storageKey: Account.KEY,
    poll: ({ signal }) => listed(signal),
    pollInterval: 5_000,
  });
  connection.onState(follow);
  connection.on('connected', catchUp);
  connection.on('channels.gap', catchUp);
  connection.on('notifications.listed', (page) => inbox.showPage(page));
  connection.on('notification.created', (event) => inbox.put(event));
  connection.on('notification.updated', (event) => inbox.put(event));
  connection.on('notification.deleted', (event) => inbox.drop(event));
}

/** @param {Status} status  what is told about it */
function leave(status) {
  connection?.close();
  connection = undefined;
  if (account.token === presented) account.forget();
  tokenChanged();
  inbox.clear();
  showState(status);
  showAccount(false);
  the('login-error').textContent = whyEnded(status);
}

/** @param {Status} status */
function follow(status) {
  // refused, revoked, or logged out in another tab
  if (status.state === 'unauthorized' || status.code === REVOKED) return leave(status);
  if (!account.token) return leave({ state: 'idle' });
  showState(status);
  notify(whyEnded(status));
}

/** What happened before the socket was open, or while it was not. */
async function catchUp() {
  const page = await answer(listed());
  if (page) inbox.showPage(page);
}

/** @param {AbortSignal} [signal] */
async function listed(signal) {
  try {
    const page = await account.call('GET', '/api/notifications', undefined, signal);
    return { type: 'notifications.listed', ...page };
  } catch (error) {
    throw error instanceof Refused && error.status === 401 ? new UnauthorizedError() : error;
  }
}

async function showOlder() {
  const page = await answer(account.call('GET', `/api/notifications?before=${inbox.oldest}`));
  if (page) inbox.addOlder(page);
}

async function send() {
  the('send').disabled = true;
  const sent = await answer(account.call('POST', '/api/notifications', { to: the('to').value, text: the('text').value }));
  the('send').disabled = false;
  if (sent) the('text').value = '';
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
