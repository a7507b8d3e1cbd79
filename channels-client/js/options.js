// Every option, with its default.

/** @typedef {import('./polling.js').Poll} Poll */
/** @typedef {import('./queue.js').Overflow} Overflow */
/** @typedef {import('./socket.js').SocketOptions} SocketOptions */
/**
 * Sends a message another way when there is no WebSocket; what it resolves to is the result.
 * @typedef {(message: any, call: {signal?: AbortSignal}) => Promise<any>} Rest
 */
/**
 * @typedef {object} OwnOptions
 * @property {string} [identity]          who is connected, where one page is several users: they share no connection
 * @property {string} [storageKey]        where the token is in `localStorage`: another tab that changes it is noticed
 * @property {'reconnect' | 'in-band'} [refresh]  `in-band`: a new token goes over the open socket before the old one
 *   expires; by default nothing is done until the server closes with 4001
 * @property {number} [refreshBefore]     how long before it expires (ms), by default 30,000
 * @property {number} [minDelay]          shortest pause before an attempt (ms), by default 500
 * @property {number} [maxDelay]          longest pause (ms), by default 20,000
 * @property {number} [attempts]          how often to try again, in a row, before giving up; by default 10
 * @property {number} [connectTimeout]    how long one attempt may take (ms), by default 10,000
 * @property {number} [stableAfter]       when failures are forgotten (ms after it opened), by default 5,000
 * @property {number} [heartbeat]         how often to ask for a sign of life (ms), by default 30,000; 0: never
 * @property {number} [heartbeatTimeout]  how long to wait for it (ms), by default 10,000
 * @property {number} [queueSize]         how many messages wait for the link, by default 100
 * @property {Overflow} [overflow]        what to do with one more, by default `reject`
 * @property {number} [sendTimeout]       how long a message waits (ms), by default 10,000
 * @property {number} [requestTimeout]    how long an answer may take (ms), by default 10,000
 * @property {Rest} [rest]                sends messages when there is no WebSocket; by default they wait for it
 * @property {Poll} [poll]                asks for news when there is no WebSocket; by default nobody does
 * @property {number} [pollAfter]         after so many failures in a row, by default 3
 * @property {number} [pollInterval]      how often (ms), by default 15,000
 */
/** @typedef {SocketOptions & OwnOptions} Options */

export const DEFAULTS = {
  /** @type {'reconnect' | 'in-band'} */
  refresh: 'reconnect',
  refreshBefore: 30_000,
  minDelay: 500,
  maxDelay: 20_000,
  attempts: 10,
  connectTimeout: 10_000,
  stableAfter: 5_000,
  heartbeat: 30_000,
  heartbeatTimeout: 10_000,
  queueSize: 100,
  sendTimeout: 10_000,
  requestTimeout: 10_000,
  pollAfter: 3,
  pollInterval: 15_000,
  /** @type {Overflow} */
  overflow: 'reject',
};

/** @typedef {Options & typeof DEFAULTS} Settings */

/** @param {Options} options @returns {Settings} what was left out, or is `undefined`, has its default */
export function settled(options) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}
