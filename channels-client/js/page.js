// What the browser tells of the network and of the page. Outside a browser it tells nothing.

/**
 * @typedef {object} PageListener
 * @property {() => void} onWake     the network is back, or somebody looks at the page again
 * @property {() => void} onDoubt    the network is gone, says the browser
 * @property {() => void} onHide     the page goes, perhaps into the browser's page cache
 * @property {() => void} onShow     the page is there, for the first time or again
 */

/** @param {PageListener} listener @returns {() => void} ends it */
export function watchPage({ onWake, onDoubt, onHide, onShow }) {
  if (typeof document === 'undefined') return () => {};
  const life = new AbortController();
  const { signal } = life;
  addEventListener('online', onWake, { signal });
  addEventListener('offline', onDoubt, { signal });
  document.addEventListener('visibilitychange', () => document.hidden || onWake(), { signal });
  // a page with an open socket is not kept in the cache
  addEventListener('pagehide', onHide, { signal });
  addEventListener('pageshow', onShow, { signal });
  return () => life.abort();
}

/** Whether the browser is sure that there is no network. */
export function isOffline() {
  return globalThis.navigator?.onLine === false;
}
