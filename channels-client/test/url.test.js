import assert from 'node:assert/strict';
import { test } from 'node:test';

import { socketUrl, withParameter } from '../js/url.js';

test('a path is one on the page’s own host', () => {
  const location = Object.getOwnPropertyDescriptor(globalThis, 'location');
  Object.defineProperty(globalThis, 'location', { value: new URL('https://example.org/a/b'), configurable: true });

  assert.equal(socketUrl('/ws/chat/lobby/'), 'wss://example.org/ws/chat/lobby/');

  if (location) Object.defineProperty(globalThis, 'location', location);
  else delete (/** @type {any} */ (globalThis)).location;
});

test('an address of a page becomes one of a WebSocket', () => {
  assert.equal(socketUrl('http://localhost:8000/ws/'), 'ws://localhost:8000/ws/');
  assert.equal(socketUrl('https://localhost/ws/#part'), 'wss://localhost/ws/');
  assert.equal(socketUrl('wss://localhost/ws/'), 'wss://localhost/ws/');
});

test('what is no such address is an error at once', () => {
  assert.throws(() => socketUrl('mailto:ann@example.org'), TypeError);
  assert.throws(() => socketUrl('/ws/'), TypeError);
});

test('a token is encoded, and goes behind what is there', () => {
  assert.equal(withParameter('wss://a/ws/', 'token', 'a+b/c=&d'), 'wss://a/ws/?token=a%2Bb%2Fc%3D%26d');
  assert.equal(withParameter('wss://a/ws/?room=1', 'token', 'x'), 'wss://a/ws/?room=1&token=x');
});
