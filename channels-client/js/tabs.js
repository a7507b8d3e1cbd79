// Tells the other tabs of a login, a logout or a new token, and hears of theirs.

const NAME = 'channels-client';

/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {BroadcastChannel | undefined} */
let channel;

/**
 * @param {() => void} onChange
 * @param {string} [storageKey]  the key in `localStorage` under which the application keeps its token
 * @returns {() => void} ends it
 */
export function watchTabs(onChange, storageKey) {
  const life = new AbortController();
  listeners.add(onChange);
  open();
  if (storageKey !== undefined && typeof document !== 'undefined') {
    // without a key: all of it was cleared
    const stored = (/** @type {StorageEvent} */ { key }) => {
      if (key === storageKey || key === null) onChange();
    };
    addEventListener('storage', stored, { signal: life.signal });
  }
  return () => {
    life.abort();
    listeners.delete(onChange);
    if (listeners.size > 0) return;
    channel?.close();
    channel = undefined;
  };
}

/**
 * Call it after a login, a logout, or when a token was replaced: every connection of this tab and of all others asks for
 * its token again. Where that is another one, the connection is opened anew with it; where there is none, it ends. What
 * waited to be sent is rejected: it was the former user's.
 */
export function tokenChanged() {
  tellOthers();
  listeners.forEach((onChange) => onChange());
}

function tellOthers() {
  if (typeof BroadcastChannel === 'undefined' || typeof document === 'undefined') return;
  if (channel) return channel.postMessage('token changed');
  // this tab has no connection, the others may
  const brief = new BroadcastChannel(NAME);
  brief.postMessage('token changed');
  brief.close();
}

function open() {
  if (channel || typeof BroadcastChannel === 'undefined' || typeof document === 'undefined') return;
  channel = new BroadcastChannel(NAME);
  channel.onmessage = () => listeners.forEach((onChange) => onChange());
}
