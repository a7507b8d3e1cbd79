// What a connection has been through, in numbers.

/**
 * @typedef {object} Stats
 * @property {number} attempts         WebSockets that were begun
 * @property {number} reconnects       times it was open again after it had been open before
 * @property {number} fallbacks        times it took to polling
 * @property {number} rest             messages that went by REST
 * @property {number} sent             messages that went over the WebSocket
 * @property {number} received         frames that came over it
 * @property {number} unreadable       frames that were not JSON
 * @property {number} dropped          messages that were not sent: too many waited, or they waited too long
 * @property {number | null} latency   how long the last ping took to be answered (ms)
 */

/** @returns {Stats} */
export function noStats() {
  return {
    attempts: 0,
    reconnects: 0,
    fallbacks: 0,
    rest: 0,
    sent: 0,
    received: 0,
    unreadable: 0,
    dropped: 0,
    latency: null,
  };
}

/** What has changed. @param {Stats} before @param {Stats} now @returns {Stats} */
export function since(before, now) {
  const { latency, ...counters } = now;
  const earlier = new Map(Object.entries(before));
  const changes = Object.entries(counters).map(([name, count]) => [name, count - Number(earlier.get(name))]);
  return { latency, ...Object.fromEntries(changes) };
}
