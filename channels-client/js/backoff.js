// How long to pause before the next attempt.

import { RATE_LIMITED, RESTART } from './codes.js';

/** How long servers take to restart where the reason does not say (ms): `Drain::spread` of the server. */
const SPREAD = 5_000;
/** No server sends us away for longer (ms). */
const LONGEST_SPREAD = 300_000;

/**
 * Exponential backoff with full jitter: a random time from `minDelay` up to a ceiling, which doubles with each failure
 * until it is `maxDelay`. A crowd that was cut off together does not come back together.
 * @param {number} failures  in a row, this one included
 * @param {{minDelay: number, maxDelay: number}} bounds  in ms
 * @returns {number} ms
 */
export function backoff(failures, { minDelay, maxDelay }) {
  const ceiling = Math.min(maxDelay, minDelay * 2 ** failures);
  return minDelay + Math.random() * Math.max(0, ceiling - minDelay);
}

/** Between half of the longest pause and all of it (ms): nothing is to be had by hurrying. @param {number} longest */
export function slowly(longest) {
  return longest * (0.5 + Math.random() / 2);
}

/**
 * The pause after a close, or after an attempt that did not come so far: then there is no code. The number in the
 * reason, in seconds, is the spread after 1012, over which all clients are to come back, and the least wait after 4029.
 * @param {number | undefined} code
 * @param {string} reason
 * @param {number} failures
 * @param {{minDelay: number, maxDelay: number}} bounds
 * @returns {number} ms
 */
export function pauseAfter(code, reason, failures, bounds) {
  const named = Math.min(LONGEST_SPREAD, 1000 * Number(/\d+(\.\d+)?/.exec(reason)?.[0] ?? 0));
  if (code === RESTART && failures <= 1) return Math.random() * (named || SPREAD);
  return backoff(failures, bounds) + (code === RATE_LIMITED ? named : 0);
}
