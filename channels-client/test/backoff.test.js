import assert from 'node:assert/strict';
import { test } from 'node:test';

import { backoff, pauseAfter } from '../js/backoff.js';

const BOUNDS = { minDelay: 500, maxDelay: 20_000 };

/** @param {number} value @param {() => number} compute */
function withRandom(value, compute) {
  const { random } = Math;
  Math.random = () => value;
  try {
    return compute();
  } finally {
    Math.random = random;
  }
}

test('the ceiling doubles with each failure up to the longest pause', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => withRandom(1, () => backoff(failures, BOUNDS)));

  assert.deepEqual(ceilings, [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000]);
});

test('a pause is anywhere between the shortest and the ceiling', () => {
  assert.equal(withRandom(0, () => backoff(9, BOUNDS)), 500);
  assert.equal(withRandom(0.5, () => backoff(9, BOUNDS)), 10_250);
});

test('a thousand clients that fail together do not come back together', () => {
  const pauses = Array.from({ length: 1_000 }, () => backoff(4, BOUNDS));

  const inEachSecond = Array(8).fill(0);
  for (const pause of pauses) inEachSecond[Math.floor(pause / 1_000)] += 1;
  assert.ok(Math.max(...inEachSecond) < 250, `${inEachSecond}`);
});

test('after 1012 they come back over the spread that the reason names', () => {
  const reason = 'the server restarts, come back within 8 s';

  assert.equal(withRandom(1, () => pauseAfter(1012, reason, 1, BOUNDS)), 8_000);
  assert.equal(withRandom(0.25, () => pauseAfter(1012, reason, 1, BOUNDS)), 2_000);
  assert.equal(withRandom(1, () => pauseAfter(1012, '', 1, BOUNDS)), 5_000);
  assert.equal(withRandom(1, () => pauseAfter(1012, 'within 999999 s', 1, BOUNDS)), 300_000);
});

test('after 4029 they wait as long as the reason says, and then as ever', () => {
  assert.equal(withRandom(0, () => pauseAfter(4029, 'rate limited, retry after 3 s', 1, BOUNDS)), 3_500);
});
