// From what an application writes to what a WebSocket takes.

/**
 * The absolute `ws:` or `wss:` address. A path is one on the page's own host.
 * @param {string | URL} url
 * @returns {string}
 * @throws {TypeError} if it is no address, or has no host and there is no page
 */
export function socketUrl(url) {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  if (!/^wss?:$/.test(absolute.protocol)) throw new TypeError(`a WebSocket cannot have a ${absolute.protocol} address`);
  absolute.hash = '';
  return absolute.href;
}

/**
 * The address with one more parameter, whatever characters are in its value.
 * @param {string} url  absolute
 * @param {string} name
 * @param {string} value
 */
export function withParameter(url, name, value) {
  return `${url}${url.includes('?') ? '&' : '?'}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}
