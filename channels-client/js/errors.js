// What the promises of this package reject with.

/**
 * Why something could not be done. `code` is for programs: `closed`, `switched`, `timeout`, `queue_full`,
 * `unauthorized`, or the code of the server's error frame. The message is for people, and holds no token.
 */
export class ChannelsError extends Error {
  /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'ChannelsError';
    this.code = code;
  }
}

/**
 * There are no credentials, and to try again is useless. Throw it from `token` or `poll` when the user has to log
 * in: the connection then stops, and its state is `unauthorized`. Any other error there means "not now".
 */
export class UnauthorizedError extends ChannelsError {
  /** @param {string} [message] @param {ErrorOptions} [options] */
  constructor(message = 'not authenticated', options) {
    super('unauthorized', message, options);
    this.name = 'UnauthorizedError';
  }
}
