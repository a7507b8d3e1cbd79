// What the examples' pages share: who is logged in, calls of the REST side, the notice, the state of the connection.

/** @typedef {{state: string, code?: number, reason?: string, retryAt?: number}} Status */

/** How long a call may take (ms). */
const LIMIT = 10_000;

/** Hues that look well in one dark tone, as white letters need it. */
const HUES = [15, 45, 145, 180, 215, 250, 285, 320, 345];

/** @type {Record<string, string>} */
const STATE_NAMES = {
  idle: 'Signed out',
  connecting: 'Connecting…',
  open: 'Connected',
  reconnecting: 'Reconnecting',
  polling: 'Connected, with delays',
  closed: 'Disconnected',
  unauthorized: 'Not authorized',
};

/** A call was answered with an error; its message is for the user. */
export class Refused extends Error {
  /** @param {number} status  0 if there was no answer @param {string} message @param {any} [body]  the whole answer */
  constructor(status, message, body = {}) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** Who is logged in: in all tabs, until they log out. */
export class Account {
  /** Where the token is; a change of it is heard by the other tabs. */
  static KEY = 'token';

  /** Whether calls show the token; else they leave it to the browser's cookie. */
  showsToken = true;

  get token() { return localStorage.getItem(Account.KEY); }
  get name() { return localStorage.getItem('username') ?? ''; }

  /** @param {string} username @param {string} password */
  async logIn(username, password) {
    const login = await this.call('POST', '/api/login', { username, password });
    localStorage.setItem('username', login.username);
    localStorage.setItem(Account.KEY, login.token);
  }

  /** Forgets the token; what it opened is for the caller to close. */
  forget() {
    localStorage.removeItem(Account.KEY);
    localStorage.removeItem('username');
  }

  /**
   * Asks the REST side, and resolves to the JSON that it answers.
   * @param {string} method @param {string} path @param {any} [body] @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   * @throws {Refused}
   */
  async call(method, path, body, signal) {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (this.token && this.showsToken) headers.set('authorization', `Bearer ${this.token}`);
    const signals = [AbortSignal.timeout(LIMIT), ...(signal ? [signal] : [])];
    try {
      const response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store',
        signal: AbortSignal.any(signals),
      });
      const answer = await response.json().catch(() => ({}));
      if (response.ok) return answer;
      throw new Refused(response.status, answer.detail ?? `The server answered ${response.status}.`, answer);
    } catch (error) {
      throw error instanceof Refused ? error : new Refused(0, 'The server cannot be reached.');
    }
  }
}

/** @param {string} id @returns {any} the page's element of that id */
export const the = (id) => document.getElementById(id);

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {string} className @param {string} [text]
 */
export function element(tag, className, text = '') {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/** Initials, on a colour that is always the same for the same name. @param {HTMLElement} avatar @param {string} name */
export function paintAvatar(avatar, name) {
  const parts = name.split(/[\s._-]+/).filter(Boolean).slice(0, 2);
  avatar.textContent = parts.map((part) => Array.from(part)[0].toUpperCase()).join('');
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + Number(letter.codePointAt(0))) % 9973;
  avatar.style.setProperty('--hue', String(HUES[hash % HUES.length]));
}

/** @param {string} form  its id @param {() => void} then */
export function onSubmit(form, then) {
  the(form).onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    then();
  };
}

/** @param {string} text  nothing takes the notice away */
export function notify(text) {
  the('notice').hidden = !text;
  the('notice-text').textContent = text;
}

let counting = 0;

/** The connection's state: a change is read out, the countdown beside it is not. @param {Status} status */
export function showState({ state, code, retryAt }) {
  const [label, countdown] = the('state').querySelectorAll('.label, .countdown');
  Object.assign(the('state').dataset, { state, code: code ?? '' });
  if (label.textContent !== STATE_NAMES[state]) label.textContent = STATE_NAMES[state];
  const tick = () => {
    countdown.textContent = retryAt ? `in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s` : '';
  };
  clearInterval(counting);
  if (retryAt) counting = window.setInterval(tick, 250);
  tick();
}

/** The login, or the application behind it. @param {boolean} isIn @param {string} name  of who is in */
export function showAccount(isIn, name = '') {
  the('login').hidden = isIn;
  the('app').hidden = the('account').hidden = !isIn;
  the('me').textContent = name;
  paintAvatar(the('account').querySelector('.avatar'), name);
  if (isIn) the('login').reset();
  else the('username').focus();
}
