// A browser's side of channels-actix. The guide: docs/client.md.

export { Connection, connect } from './connection.js';
export { afterClose, nameOf } from './codes.js';
export { ChannelsError, UnauthorizedError } from './errors.js';
export { createAuthenticatedWebSocket } from './socket.js';
export { tokenChanged } from './tabs.js';

/** @typedef {import('./codes.js').Verdict} Verdict */
/** @typedef {import('./conversation.js').RequestOptions} RequestOptions */
/** @typedef {import('./conversation.js').SendOptions} SendOptions */
/** @typedef {import('./conversation.js').Sent} Sent */
/** @typedef {import('./events.js').Subscription} Subscription */
/** @typedef {import('./link.js').State} State */
/** @typedef {import('./link.js').Status} Status */
/** @typedef {import('./options.js').Options} Options */
/** @typedef {import('./options.js').Rest} Rest */
/** @typedef {import('./polling.js').Poll} Poll */
/** @typedef {import('./socket.js').SocketOptions} SocketOptions */
/** @typedef {import('./stats.js').Stats} Stats */
/** @typedef {import('./token.js').Token} Token */
