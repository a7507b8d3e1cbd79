// The one place that opens a WebSocket.

import { UnauthorizedError } from './errors.js';
import { TokenSource } from './token.js';
import { socketUrl, withParameter } from './url.js';

/** @typedef {import('./token.js').Token} Token */
/**
 * How a token goes to the server. `query`: in the address; `subprotocol`: as the offer behind `bearer`; `message`: as
 * the first message.
 * @typedef {'query' | 'subprotocol' | 'message'} TokenIn
 */
/**
 * @typedef {object} SocketOptions
 * @property {Token} [token]           where the token comes from; left out, none is needed: a cookie does it
 * @property {TokenIn} [tokenIn]       by default `query`
 * @property {string} [tokenParam]     the parameter's name in the address, by default `token`
 * @property {string[]} [protocols]    subprotocols to offer
 */

/**
 * A plain WebSocket, with the token where the server looks for it. Nothing else: it does not come back by itself.
 * @param {string | URL} url  a path, or an address with any of `http:`, `https:`, `ws:` and `wss:`
 * @param {SocketOptions} [options]
 * @returns {Promise<WebSocket>} one that is connecting
 * @throws {UnauthorizedError} if there is no token; then no attempt is made
 */
export async function createAuthenticatedWebSocket(url, options = {}) {
  const address = socketUrl(url);
  const token = await new TokenSource(options.token).get();
  if (options.token !== undefined && !token) throw new UnauthorizedError('no token, so no attempt is made');
  return openSocket(address, token, options);
}

/**
 * @param {string} url  absolute
 * @param {string | null} token
 * @param {SocketOptions} options
 */
export function openSocket(url, token, { tokenIn = 'query', tokenParam = 'token', protocols = [] }) {
  if (!token) return new WebSocket(url, protocols);
  if (tokenIn === 'query') return new WebSocket(withParameter(url, tokenParam, token), protocols);
  if (tokenIn === 'subprotocol') return new WebSocket(url, [...protocols, 'bearer', token]);
  const socket = new WebSocket(url, protocols);
  socket.addEventListener('open', () => socket.send(authenticate(token)), { once: true });
  return socket;
}

/** What tells the server who is there: as the first message, or when the token is refreshed. @param {string} token */
export function authenticate(token) {
  return JSON.stringify({ type: 'authenticate', token });
}
