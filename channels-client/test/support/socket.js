// The other end of a browser's WebSocket, in a test's hand.

export class FakeWebSocket extends EventTarget {
  /** Those that were begun, oldest first. @type {FakeWebSocket[]} */
  static begun = [];
  /** What was sent, pings apart. @type {any[]} */
  sent = [];
  pings = 0;
  bufferedAmount = 0;
  static OPEN = 1;
  /** @type {'connecting' | 'open' | 'closing' | 'closed'} */
  state = 'connecting';
  /** @type {((event: any) => void) | null} */ onopen = null;
  /** @type {((event: any) => void) | null} */ onmessage = null;
  /** @type {((event: any) => void) | null} */ onclose = null;

  /** @param {string} url @param {string[]} [protocols] */
  constructor(url, protocols = []) {
    super();
    this.url = url;
    this.protocols = protocols;
    FakeWebSocket.begun.push(this);
  }

  get readyState() {
    return ['connecting', 'open', 'closing', 'closed'].indexOf(this.state);
  }

  /** @param {string} text */
  send(text) {
    if (this.state !== 'open') throw new Error(`sent to a socket that is ${this.state}`);
    const message = JSON.parse(text);
    if (message.type === 'ping') this.pings += 1;
    else this.sent.push(message);
  }

  close() {
    if (this.state !== 'closed') this.state = 'closing';
  }

  /** The handshake is done. */
  accept() {
    this.state = 'open';
    this.dispatchEvent(new Event('open'));
    this.onopen?.({});
  }

  /** The handshake is done, and the server says something. @param {any} [frame] */
  welcome(frame = { type: 'pong' }) {
    this.accept();
    this.say(frame);
  }

  /** A frame from the server. @param {any} frame */
  say(frame) {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  /** The end, from the other side. @param {number} [code] @param {string} [reason] */
  end(code = 1006, reason = '') {
    this.state = 'closed';
    this.onclose?.({ code, reason });
  }

  /** Accepts, then closes: how the server refuses. @param {number} code @param {string} [reason] */
  refuse(code, reason) {
    this.accept();
    this.end(code, reason);
  }
}
