// One call to the SDK as a promise.

/** What a call to the SDK was refused with. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** How long somebody waits for an answer that they asked for, in ms. */
const PATIENCE = 15 * 1000;

/** Calls `sdk[method](options)`; resolves with what it answers, rejects with [`Refused`]. */
export function ask(sdk, method, options = {}) {
  return new Promise((resolve, reject) => {
    // The SDK reads the limit at each call; that of messages is far longer.
    const limit = sdk.requestTimeOut;
    sdk.requestTimeOut = PATIENCE;
    sdk[method]({ ...options, success: resolve, fail: (code, message) => reject(new Refused(code, message)) });
    sdk.requestTimeOut = limit;
  });
}
