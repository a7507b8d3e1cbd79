import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TokenSource, expiryOf } from '../js/token.js';
import { Clock } from './support/clock.js';

/** A source, and what its calls wait for. @param {string[]} answers */
function counted(answers) {
  /** @type {boolean[]} */
  const calls = [];
  const source = new TokenSource(async ({ refresh }) => {
    calls.push(refresh);
    return answers[calls.length - 1];
  });
  return { calls, source };
}

test('all who ask at the same time get the answer to one call', async () => {
  const { calls, source } = counted(['first', 'second']);

  const tokens = await Promise.all([source.get(), source.get(), source.get()]);

  assert.deepEqual(tokens, ['first', 'first', 'first']);
  assert.deepEqual(calls, [false]);
  assert.equal(await source.get(), 'second');
});

test('who needs a new token does not get the answer to a call for any', async () => {
  const { calls, source } = counted(['any', 'new']);

  const tokens = await Promise.all([source.get(), source.get({ refresh: true }), source.get({ refresh: true })]);

  assert.deepEqual(tokens, ['any', 'new', 'new']);
  assert.deepEqual(calls, [false, true]);
});

test('an empty token is none', async () => {
  assert.equal(await new TokenSource('').get(), null);
  assert.equal(await new TokenSource(null).get(), null);
  assert.equal(await new TokenSource(() => undefined).get(), null);
  assert.equal(await new TokenSource('x').get(), 'x');
});

test('a call that failed is not remembered', async () => {
  let calls = 0;
  const source = new TokenSource(() => {
    calls += 1;
    if (calls === 1) throw new Error('the network is down');
    return 'x';
  });

  await assert.rejects(source.get(), /network/);

  assert.equal(await source.get(), 'x');
});

test('a call that never ends fails in time', async () => {
  const clock = new Clock();
  clock.install();
  const token = new TokenSource(() => new Promise(() => {})).get();
  const refused = assert.rejects(token, { code: 'timeout' });

  await clock.pass(15_000);

  await refused;
});

test('the end of a JSON Web Token is read, and of other tokens nothing', () => {
  // what is `-` and `_` there is `+` and `/` in plain base64
  const payload = Buffer.from(JSON.stringify({ exp: 1_900_000_000, name: '???>>>' })).toString('base64url');
  const jwt = `e30.${payload}.x`;
  assert.match(payload, /[-_]/);

  assert.equal(expiryOf(jwt), 1_900_000_000_000);
  assert.equal(expiryOf(`e30.${btoa('{}')}.x`), undefined);
  assert.equal(expiryOf('9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b'), undefined);
});
