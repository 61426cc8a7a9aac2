// Calls the functions of the studio.

/** @import { Call, Failure, ServerFunction } from './types' */

/**
 * Returns whether an answer says why the studio did not do it.
 * @template Answer
 * @param {Answer | Failure} answer
 * @returns {answer is Failure}
 */
export function failed(answer) {
  return Boolean(/** @type {Partial<Failure>} */ (answer).error);
}

/**
 * Returns a function that calls a component's functions; no answer is an error too.
 * @param {Record<string, ServerFunction>} functions
 * @param {number} [patience] milliseconds until a call counts as not answered; 0 waits for ever
 * @returns {Call}
 */
export function caller(functions, patience = 0) {
  return async (name, request) => {
    const late = new Promise((resolve) => {
      if (patience) setTimeout(() => resolve({ error: 'the studio does not answer', away: true }), patience);
    });
    const ask = functions[name];
    const asked = ask ? ask(request).catch(() => undefined) : undefined;  // on an error Gradio returns nothing, or throws
    const answer = await Promise.race([asked, late]);
    return answer ?? { error: navigator.onLine ? 'the studio does not answer' : 'this browser is offline', away: true };
  };
}
