// Who is logged in, and what the REST side tells them. The token never leaves this file but in a request.

import { Refused } from './site.js';

/** @typedef {import('./timeline.js').Message} Message */
/** @typedef {import('./rooms.js').Room} Room */

/** How long a call may take (ms). */
const LIMIT = 10_000;

/** Remembered in this tab only, and until it is closed. */
export class Account {
  get token() { return sessionStorage.getItem('token'); }
  get name() { return sessionStorage.getItem('username') ?? ''; }

  /** @param {string} username @param {string} password */
  async logIn(username, password) {
    const login = await this.#fetch('/api/login', { method: 'POST', body: JSON.stringify({ username, password }) });
    sessionStorage.setItem('token', login.token);
    sessionStorage.setItem('username', login.username);
  }

  logOut() {
    sessionStorage.removeItem('token');
    sessionStorage.removeItem('username');
  }

  /** @returns {Promise<Room[]>} */
  rooms() {
    return this.#fetch('/api/rooms');
  }

  /** @param {string} room @param {number} [before]  an id @returns {Promise<{messages: Message[], more: boolean}>} */
  messages(room, before) {
    return this.#fetch(`/api/rooms/${room}/messages${before ? `?before=${before}` : ''}`);
  }

  /** What the socket does, as a request. @param {string} room @param {any} message @returns {Promise<any>} */
  async act(room, { type, text, id }) {
    if (type === 'get_room_list') return { rooms: await this.rooms() };
    const [path, body] = type === 'mark_read' ? ['read', { id }] : ['messages', { text }];
    return this.#fetch(`/api/rooms/${room}/${path}`, { method: 'POST', body: JSON.stringify(body) });
  }

  /** @param {string} room */
  socketPath(room) {
    return `/ws/chat/${room}/`;
  }

  /** @param {string} path @param {RequestInit} [init] */
  async #fetch(path, init) {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (this.token) headers.set('authorization', `Bearer ${this.token}`);
    try {
      const response = await fetch(path, { ...init, headers, cache: 'no-store', signal: AbortSignal.timeout(LIMIT) });
      const body = await response.json().catch(() => ({}));
      if (response.ok) return body;
      throw new Refused(response.status, body.detail ?? body.error ?? `The server answered ${response.status}.`);
    } catch (error) {
      throw error instanceof Refused ? error : new Refused(0, 'The server cannot be reached.');
    }
  }
}
