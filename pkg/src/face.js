// The synchronous face: JMessage exists as soon as the script has loaded. Calls made before the wasm is there are
// kept, and made in their order afterwards; request numbers are handed out here until then.

const FIRST_RID = 201503;
const LAST_RID = 999999;
// In the order in which the wasm numbers them.
const REGISTRARS = ["ready", "error", "onConnected", "onDisconnected", "onMessageReceived", "notification", "onEventReceived"];
// Calls that the server answers and nobody here looks into.
const CALLS = [
  "getUserInfo",
  "createGroup",
  "getGroupInfo",
  "updateGroupInfo",
  "addGroupMembers",
  "removeGroupMembers",
  "exitGroup",
  "getGroupList",
];

/** Runs what may throw; an exception must not reach the page's own code. */
function guard(run) {
  try {
    run();
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}

function callback(listener, ...values) {
  if (typeof listener === "function") guard(() => listener(...values));
}

/** Stands in for the wasm where there is none: every call fails with 872000 and the reason. */
function failing(message, listeners) {
  const fail = (options, rid) => callback(options?.fail, 872000, message, rid);
  const ignore = () => {};
  return {
    init: ignore,
    on: ignore,
    logout: ignore,
    config: () => callback(listeners[1], 872000, message),
    login: (options) => fail(options),
    sendTextMessage: fail,
    resendMessage: (options) => fail(options, options?.rid),
    call: (_, options) => fail(options),
  };
}

/**
 * Makes the JMessage object.
 * @param load fetches the class `Sdk` of the wasm; called at the first call
 * @param {string} server the address when `config` names none; empty if there is none
 */
export function face(load, server) {
  const listeners = [];
  let waiting = [];
  let core;
  let loading;
  let nextRid = FIRST_RID;
  let handOut = () => {
    const rid = nextRid;
    nextRid = rid === LAST_RID ? FIRST_RID : rid + 1;
    return rid;
  };

  const begin = (sdk) => {
    const calls = waiting;
    waiting = [];
    core = sdk;
    for (const call of calls) guard(() => call(core));
  };
  const start = () =>
    load().then(
      (Sdk) => {
        const sdk = new Sdk(JMessage, server, nextRid);
        // From here on the wasm knows which numbers are free.
        handOut = undefined;
        globalThis.addEventListener?.("online", () => guard(() => sdk.online()));
        begin(sdk);
      },
      (error) => {
        console.error(error);
        begin(failing(`JMessage cannot run here: ${error?.message}`, listeners));
      },
    );
  const run = (call) => {
    if (core) return guard(() => call(core));
    waiting.push(call);
    loading ??= start();
  };

  const JMessage = {
    version: "1.0.0",
    debug: false,
    requestTimeOut: 10000,
    loginTimeOut: 60000,
    init: () => run((it) => it.init()),
    config: (options) => run((it) => it.config(options)),
    login: (options) => run((it) => it.login(options)),
    logout: () => run((it) => it.logout()),
    resendMessage: (options) => run((it) => it.resendMessage(options)),
    sendTextMessage(options) {
      const rid = handOut?.();
      if (rid) callback(options?.idGenerated, rid);
      run((it) => it.sendTextMessage(options, rid));
    },
  };
  for (const name of CALLS) JMessage[name] = (options) => run((it) => it.call(name, options));
  REGISTRARS.forEach((name, index) => {
    JMessage[name] = (listener) => {
      listeners[index] = listener;
      run((it) => it.on(index, listener));
    };
  });
  return JMessage;
}
