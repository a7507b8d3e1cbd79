import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { afterClose, nameOf } from '../js/codes.js';

const DOCS = new URL('../../docs/close-codes.md', import.meta.url);

/** @returns {[number, string][]} each code of the documented table, and what a client does after it */
function documented() {
  const rows = readFileSync(DOCS, 'utf8').matchAll(/^\| (\d{4}) \|.*\| ([^|]+) \|$/gm);
  return [...rows].map(([, code, client]) => [Number(code), client]);
}

test('the client does what the documented table says', () => {
  const table = documented();

  assert.ok(table.length >= 18);
  for (const [code, client] of table) {
    const wanted = client.startsWith('refreshes') ? 'refresh' : client.includes('retries') ? 'retry' : 'stop';
    assert.equal(afterClose(code), wanted, `${code}: ${client}`);
    assert.notEqual(nameOf(code), 'application', `${code} has a name`);
  }
});

test('a code of an application goes by its band', () => {
  assert.deepEqual([3000, 3499, 4100, 4499].map(afterClose), Array(4).fill('retry'));
  assert.deepEqual([3500, 3999, 4501, 4999].map(afterClose), Array(4).fill('stop'));
  assert.equal(nameOf(4100), 'application');
});

test('a connection that was lost is tried again', () => {
  assert.deepEqual([1005, 1006, 1014, 1015].map(afterClose), Array(4).fill('retry'));
});
