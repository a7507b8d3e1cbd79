// Why a connection has ended, in words for the user. The server's own are for those who debug.

/** @typedef {import('/channels/index.js').Status} Status */

/** @type {Record<number, string>} */
const REASONS = {
  1000: 'The server has ended the connection.',
  1002: 'The connection was closed: it did not follow the protocol.',
  1003: 'The connection was closed: the server does not take such messages.',
  1007: 'The connection was closed: a message was not valid text.',
  1008: 'The connection was closed: it went against the server’s policy.',
  1009: 'The connection was closed: a message was too big.',
  4001: 'Your session has ended. Please log in again.',
  4003: 'You may not enter here.',
  4009: 'It went on in another window.',
  4400: 'The connection was closed: the server could not read a message.',
  4500: 'Your access was withdrawn. Log out and in again.',
};

/** @param {Status} status @returns {string} empty as long as it has not ended */
export function whyEnded({ state, code = 0 }) {
  if (state !== 'closed' && state !== 'unauthorized') return '';
  return REASONS[code] ?? 'The server cannot be reached.';
}
