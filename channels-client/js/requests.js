// Questions that wait for their answer.

import { ChannelsError } from './errors.js';

/**
 * @typedef {object} Question
 * @property {string} ref
 * @property {string | undefined} reply  the type that answers it, where the server does not send `ref` back
 * @property {boolean} isSent
 * @property {(frame: any) => void} answer
 * @property {(error: ChannelsError) => void} fail
 */

export class Requests {
  /** @type {Map<string, Question>} */
  #open = new Map();
  /** Whose they are: a server may pass a message on with its `ref`, and others ask questions, too. */
  #own = `${Math.random().toString(36).slice(2, 10)}.`;
  #count = 0;

  /** @returns {string} what the next question is known by */
  nextRef() {
    this.#count += 1;
    return this.#own + this.#count;
  }

  /**
   * @param {string} ref
   * @param {{reply?: string, limit: number, signal?: AbortSignal}} options  `limit` in ms
   * @returns {Promise<any>} the frame that answers it
   */
  wait(ref, { reply, limit, signal }) {
    return new Promise((answer, fail) => {
      const late = () => this.fail(ref, new ChannelsError('timeout', `no answer within ${limit / 1000} s`));
      const aborted = () => this.fail(ref, new ChannelsError('aborted', 'the request was aborted'));
      const timer = setTimeout(late, limit);
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.#open.delete(ref);
      };
      this.#open.set(ref, {
        ref,
        reply,
        isSent: false,
        answer: (frame) => { settle(); answer(frame); },
        fail: (error) => { settle(); fail(error); },
      });
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted) aborted();
    });
  }

  /** @param {any} frame @returns {boolean} whether it was the answer to a question, be it one that is given up */
  answered(frame) {
    const question = this.#open.get(frame.ref) ?? this.#oldestFor(frame.type);
    if (!question) return String(frame.ref).startsWith(this.#own);
    if (frame.type === 'error') question.fail(new ChannelsError(String(frame.code), String(frame.message)));
    else question.answer(frame);
    return true;
  }

  /** It is on its way, over this socket and no other. @param {string} ref */
  sent(ref) {
    const question = this.#open.get(ref);
    if (question) question.isSent = true;
  }

  /** The socket is gone: an answer comes over the one that was asked, or not at all. @param {ChannelsError} error */
  failSent(error) {
    for (const question of [...this.#open.values()]) if (question.isSent) question.fail(error);
  }

  /** @param {string} ref @param {ChannelsError} error */
  fail(ref, error) {
    this.#open.get(ref)?.fail(error);
  }

  /** @param {ChannelsError} error */
  failAll(error) {
    for (const question of [...this.#open.values()]) question.fail(error);
  }

  /** @param {string} type */
  #oldestFor(type) {
    return [...this.#open.values()].find(({ reply }) => reply !== undefined && reply === type);
  }
}
