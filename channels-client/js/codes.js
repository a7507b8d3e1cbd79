// The table of close codes: the same as the server's, docs/close-codes.md.

/**
 * What a client does after a close: `stop` for good, `retry` after a pause, or `refresh` its token once, then stop.
 * @typedef {'stop' | 'retry' | 'refresh'} Verdict
 */

/** @type {Record<number, {name: string, then: Verdict}>} */
const TABLE = {
  1000: { name: 'normal', then: 'stop' },
  1001: { name: 'going away', then: 'retry' },
  1002: { name: 'protocol error', then: 'stop' },
  1003: { name: 'unsupported data', then: 'stop' },
  1005: { name: 'no status', then: 'retry' },
  1006: { name: 'lost', then: 'retry' },
  1007: { name: 'invalid text', then: 'stop' },
  1008: { name: 'policy', then: 'stop' },
  1009: { name: 'too big', then: 'stop' },
  1011: { name: 'internal error', then: 'retry' },
  1012: { name: 'restart', then: 'retry' },
  1013: { name: 'try again later', then: 'retry' },
  4001: { name: 'unauthenticated', then: 'refresh' },
  4003: { name: 'forbidden', then: 'stop' },
  4008: { name: 'slow consumer', then: 'retry' },
  4009: { name: 'replaced', then: 'stop' },
  4010: { name: 'state lost', then: 'retry' },
  4029: { name: 'rate limited', then: 'retry' },
  4400: { name: 'bad message', then: 'stop' },
  4500: { name: 'revoked', then: 'stop' },
};

/** The codes that this package itself speaks of. */
export const NORMAL = 1000;
export const LOST = 1006;
export const RESTART = 1012;
export const UNAUTHENTICATED = 4001;
export const RATE_LIMITED = 4029;
const FORBIDDEN = 4003;
const REVOKED = 4500;

/**
 * A code that is not in the table, an application's own, goes by its band, as Centrifugo's do: 3500 to 3999 and
 * 4500 to 4999 stop, the rest retries.
 * @param {number} code
 * @returns {Verdict}
 */
export function afterClose(code) {
  return TABLE[code]?.then ?? (code >= 3000 && code % 1000 >= 500 ? 'stop' : 'retry');
}

/**
 * Whether who asks again gets the same answer: not allowed, or revoked.
 * @param {number} code
 */
export function isFinal(code) {
  return code === FORBIDDEN || code >= REVOKED;
}

/** @param {number} code @returns {string} the code's name; `application` for one of yours */
export function nameOf(code) {
  return TABLE[code]?.name ?? 'application';
}
