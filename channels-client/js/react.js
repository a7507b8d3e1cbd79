// Hooks and a component for React.

import { createElement, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { connect } from './connection.js';

/** @typedef {import('./connection.js').Connection<any>} Connection */
/** @typedef {import('./link.js').State} State */
/** @typedef {import('./link.js').Status} Status */
/** @typedef {import('./options.js').Options} Options */

/** @type {Status} */
const NOT_CONNECTED = { state: 'idle' };

/** What a person reads. @type {Record<State, string>} */
const LABELS = {
  idle: 'Not connected',
  connecting: 'Connecting…',
  open: 'Connected',
  reconnecting: 'Reconnecting…',
  polling: 'Connected, with delays',
  unauthorized: 'Please log in',
  closed: 'Disconnected',
};

/**
 * A connection for as long as the component is there. Components that ask for the same address and identity share it.
 * @param {string | URL | null} url  `null`: none
 * @param {Options} [options]  `token`, `rest` and `poll` may be new functions each time: the last ones are called
 * @returns {Connection | null} `null` until the component is mounted
 */
export function useConnection(url, options = {}) {
  const [connection, setConnection] = useState(/** @type {Connection | null} */ (null));
  const latest = useRef(options);
  useEffect(() => { latest.current = options; });
  const address = url === null ? null : String(url);
  const { identity } = options;
  useEffect(() => {
    if (address === null) return undefined;
    const opened = connect(address, calling(latest));
    setConnection(opened);
    return () => {
      setConnection(null);
      opened.close();
    };
  }, [address, identity]);
  return connection;
}

/**
 * The state of a connection, and why: the component is drawn again when it changes.
 * @param {Connection | null} connection
 * @returns {Status}
 */
export function useConnectionStatus(connection) {
  const subscribe = useCallback(
    (/** @type {() => void} */ changed) => connection?.onState(changed) ?? (() => {}),
    [connection],
  );
  return useSyncExternalStore(subscribe, () => connection?.status ?? NOT_CONNECTED, () => NOT_CONNECTED);
}

/**
 * Calls `listener` for each event of this type, or of any type for `*`.
 * @param {Connection | null} connection
 * @param {string} type
 * @param {(event: any) => void} listener  may be a new function each time
 */
export function useChannelEvent(connection, type, listener) {
  const latest = useRef(listener);
  useEffect(() => { latest.current = listener; });
  useEffect(() => connection?.on(type, (event) => latest.current(event)), [connection, type]);
}

/**
 * Shows the state, and reads changes out to those who do not see it. `data-state` and `data-code` are for the style
 * sheet.
 * @param {{connection: Connection | null, labels?: Partial<Record<State, string>>, className?: string}} props
 */
export function ConnectionState({ connection, labels, className = 'connection-state' }) {
  const { state, code } = useConnectionStatus(connection);
  const label = labels?.[state] ?? LABELS[state];
  return createElement(
    'span',
    { role: 'status', className, 'data-state': state, 'data-code': code },
    createElement('span', { className: `${className}-dot`, 'aria-hidden': true }),
    createElement('span', { className: `${className}-label` }, label),
  );
}

/**
 * The options as they are, with functions that call the last ones.
 * @param {{current: Options}} latest
 * @returns {Options}
 */
function calling(latest) {
  const { token, rest, poll } = latest.current;
  return {
    ...latest.current,
    token: typeof token === 'function' ? (want) => valueOf(latest.current.token, want) : token,
    rest: rest && ((message, call) => (latest.current.rest ?? rest)(message, call)),
    poll: poll && ((call) => (latest.current.poll ?? poll)(call)),
  };
}

/** @param {import('./token.js').Token | undefined} token @param {{refresh: boolean}} want */
function valueOf(token, want) {
  return typeof token === 'function' ? token(want) : token;
}
