// Tells the other tabs of a login, a logout or a new token, and hears of theirs.

const NAME = 'channels-client';
/** What another tab wrote to the storage may come so long after its word (ms). */
const LATE = 5_000;

/** @type {Set<() => void>} */
const listeners = new Set();
/** As long as somebody listens, and the page is shown. @type {BroadcastChannel | undefined} */
let channel;
/** When another tab last had something to tell (ms since the epoch). */
let told = 0;

/**
 * @param {() => void} onChange
 * @param {string} [storageKey]  the key in `localStorage` under which the application keeps its token
 * @returns {() => void} ends it
 */
export function watchTabs(onChange, storageKey) {
  listeners.add(onChange);
  const life = new AbortController();
  if (typeof document !== 'undefined') watchOthers(onChange, storageKey, life.signal);
  return () => {
    life.abort();
    listeners.delete(onChange);
    if (listeners.size === 0) close();
  };
}

/** @param {() => void} onChange @param {string | undefined} storageKey @param {AbortSignal} signal */
function watchOthers(onChange, storageKey, signal) {
  open();
  // a page that listens is not kept in the browser's cache
  addEventListener('pagehide', close, { signal });
  addEventListener('pageshow', open, { signal });
  const stored = (/** @type {StorageEvent} */ { key }) => {
    // without a key all of it was cleared
    if (key === storageKey || key === null || Date.now() - told < LATE) onChange();
  };
  addEventListener('storage', stored, { signal });
}

/**
 * Call it after a login, a logout, or when a token was replaced: every connection of this tab and of all others asks
 * for its token again. Where that is another one, the connection is opened anew with it; where there is none, it ends.
 * What waited to be sent is rejected: it was the former user's.
 */
export function tokenChanged() {
  tellOthers();
  listeners.forEach((onChange) => onChange());
}

function tellOthers() {
  const isBrief = !channel;
  open();
  channel?.postMessage('token changed');
  // this tab has no connection, the others may
  if (isBrief) close();
}

function open() {
  if (channel || typeof document === 'undefined' || typeof BroadcastChannel === 'undefined') return;
  channel = new BroadcastChannel(NAME);
  channel.onmessage = () => {
    told = Date.now();
    listeners.forEach((onChange) => onChange());
  };
}

function close() {
  channel?.close();
  channel = undefined;
}
