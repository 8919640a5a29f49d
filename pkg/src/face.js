// The synchronous face: JMessage exists as soon as the script has loaded. Calls wait until the wasm is there and are
// made in their order; what comes of them reaches callbacks and promises after the call in question has returned.
// Should the wasm break, another takes its place, and what was not confirmed is sent again.

const FIRST_RID = 201503;
const LAST_RID = 999999;
/** How many messages are kept because they were not stored. */
const MAX_KEPT = 1200;
/** After so many breaks the wasm is left alone. */
const MAX_BREAKS = 3;
/** How many images are uploaded at a time. */
const MAX_UPLOADS = 2;

// The wasm's news by number.
const READY = 0;
const ERROR = 1;
const CONNECTED = 2;
const DISCONNECTED = 3;
const MESSAGE = 4;
const NOTIFICATION = 5;
const EVENT = 6;
const RESYNC = 7;
const DONE = 9;
const FAILED = 10;
const MEDIA = 11;
const UPLOAD = 12;
const SIGN = 13;

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

/** The image to send: a Blob, or in words what is wrong with the options. */
function image({ file, fileId }) {
  if (file != null) return file instanceof Blob ? file : "file must be a File or a Blob";
  if (fileId == null) return "fileId is missing";
  const input = globalThis.document?.getElementById(String(fileId));
  return input ? (input.files?.[0] ?? "fileId names no input in which a file is chosen") : "fileId names no element";
}

/**
 * What a call returns. A page of callbacks takes no notice of it, so its rejection is nobody's omission until somebody
 * asked for the outcome; from then on it is like any other.
 */
class Answer extends Promise {
  static get [Symbol.species]() {
    return Promise;
  }
  then(...handlers) {
    this.isTaken = true;
    return super.then(...handlers);
  }
  /** Has `missed` told of a failure for which nobody asked. */
  orElse(missed) {
    super.then(undefined, (error) => this.isTaken || missed(error));
    return this;
  }
}

/**
 * Makes the JMessage object.
 * @param load fetches the class `Sdk` of a new wasm, and calls the function it is given when that wasm breaks; called
 *   at the first call, and again after a break
 * @param {string} server the address when `config` names none; empty if there is none
 * @param upload posts a file: see upload.js
 * @param page see page.js
 */
export function face(load, server, upload, page) {
  const { guard, callback, later, tell, present } = page;
  const seed = crypto.getRandomValues(new BigUint64Array(1))[0];
  let core;
  /** The core that is being brought to where the last one was, or the core itself. */
  let newest;
  let generation = 0;
  /** Calls to make once there is a core. */
  let waiting = [];

  let nextRid = FIRST_RID;
  let nextSerial = 0;
  /** What is under way: number → callbacks and promise. */
  const calls = new Map();
  /** Messages that are not stored: number → what to send. */
  const messages = new Map();
  // For the next core: the last `config` and its call, and the login in force.
  let configured;
  let configuring;
  let account;
  /** The last position the page has of each conversation, and as whom: a new core would tell again what came just before. */
  let seen = new Map();
  let seer;
  /** `init` was called. */
  let wanted = false;
  let uploadUrl;
  /** Uploads that may begin, and those that wait: a browser opens few connections, and the server takes few at a time. */
  let free = MAX_UPLOADS;
  const queue = [];

  /** The options as they are now: the page may use its object for another call. */
  function copy(options) {
    const copied = {};
    guard(() => {
      for (const name in options) copied[name] = options[name];
    });
    return copied;
  }

  function take() {
    let rid;
    do {
      rid = nextRid;
      nextRid = rid === LAST_RID ? FIRST_RID : rid + 1;
    } while (calls.has(rid));
    return rid;
  }

  /** A call under this number; `shown` is what `fail` gets behind code and message. */
  function call(rid, { success, fail }, make, shown, urgent) {
    const call = { success, fail, shown };
    const promise = new Answer((resolve, reject) => Object.assign(call, { resolve, reject }));
    promise.orElse((error) => typeof fail === "function" || console.warn(`JMessage: ${error.message}`));
    calls.set(rid, call);
    run((sdk) => {
      call.made = true;
      make(sdk);
    }, urgent);
    return promise;
  }

  function end(rid) {
    const call = calls.get(rid);
    calls.delete(rid);
    return call ?? { resolve() {}, reject() {} };
  }
  function succeed(rid, value) {
    const { success, resolve } = end(rid);
    callback(success, value);
    resolve(value);
  }
  function fail(rid, code, message) {
    const { fail, reject, shown } = end(rid);
    callback(fail, code, message, shown);
    reject(Object.assign(new Error(message), { code, rid: shown }));
  }
  const refuse = (rid, message) => later(() => fail(rid, 872002, message));

  /** What the wasm says. */
  const hear = (kind, a, b, c) =>
    later(() => {
      switch (kind) {
        case MESSAGE:
        case EVENT:
        case RESYNC:
          if (seen.get(b) >= c) return;
          seen.set(b, c);
          return kind === RESYNC ? tell(kind, present(a)) : page.keep(kind, present(a));
        case DONE:
          return succeed(a, messages.delete(a) ? a : present(b));
        case FAILED:
          return fail(a, b, c);
        case MEDIA:
          return media(a, b);
        case UPLOAD:
          return transfer(a, messages.get(a));
        case SIGN:
          return sign(a, configured.signer);
        case READY:
          succeed(configuring);
          // A core in the place of another configures itself again.
          if (page.isReady) return;
          page.isReady = true;
          return tell(READY);
        case CONNECTED:
          JMessage.url = a;
          JMessage.httpServerUrl = a.replace(/^ws(.*)\/jmessage\/v1$/, "http$1");
          return tell(CONNECTED);
        case DISCONNECTED:
          return tell(DISCONNECTED);
        case ERROR:
          fail(configuring, a, b);
          break;
        case NOTIFICATION:
          account = undefined;
          media("", "");
      }
      tell(kind, a, b);
    });

  /** Where media are from now on; the addresses are those of one user. */
  function media(read, write) {
    const [base, to] = [read, write].map((url) => (url[0] === "/" ? JMessage.httpServerUrl + url : url));
    JMessage.QiNiuMediaUrl = JMessage.UpYunImageMediaUrl = JMessage.UpYunVoiceMediaUrl = base;
    uploadUrl = to;
  }

  /** Asks the page's signer: a function, or the URL of JSON. */
  async function sign(ticket, signer) {
    let answer;
    try {
      if (typeof signer === "function") answer = await signer();
      else {
        const response = await fetch(signer, { cache: "no-store" });
        if (response.ok) answer = await response.json();
      }
    } catch (error) {
      console.error(error);
    }
    // While the core is being replaced nobody waits for it; the next one asks again.
    newest?.signed(ticket, answer);
  }

  /** Stands in for the wasm where there is none: every call fails with 872000 and the reason. */
  function failing(message) {
    const ignore = () => {};
    const fail = (rid) => hear(FAILED, rid, 872000, message);
    const config = () => hear(ERROR, 872000, message);
    return { init: ignore, logout: ignore, online: ignore, setTimeouts: ignore, config, login: fail, send: fail, resend: fail, call: fail };
  }

  /** Gets a core; `next` has it. */
  function start(next) {
    const mine = ++generation;
    const isCurrent = () => mine === generation;
    const host = {
      hear,
      get debug() {
        return !!JMessage.debug;
      },
    };
    load((error) => isCurrent() && broken(error)).then(
      (Sdk) =>
        guard(() => {
          newest = new Sdk(host, server, seed);
          if (isCurrent()) next(newest, isCurrent);
        }),
      (error) => {
        console.error(error);
        giveUp(`JMessage cannot run here: ${error?.message}`);
      },
    );
  }
  function begin(sdk) {
    core = sdk;
    const now = waiting;
    waiting = [];
    for (const make of now) run(make);
  }
  function giveUp(message) {
    generation++;
    later(() => {
      for (const [rid, { made }] of calls) if (made) fail(rid, 872000, message);
    });
    begin(failing(message));
  }
  /** Makes a call as soon as there is a core; an urgent one also on a core that is still being brought level. */
  function run(make, urgent) {
    guard(() => core?.setTimeouts(Number(JMessage.requestTimeOut), Number(JMessage.loginTimeOut)));
    // The line above may have been the core's last.
    const sdk = core ?? (urgent && newest);
    if (sdk) return guard(() => make(sdk));
    waiting.push(make);
    if (!generation) start(begin);
  }

  /** The core broke: says so, and has another do what it was to do. */
  function broken(error) {
    console.error(error);
    core = newest = undefined;
    const message = `JMessage broke and starts again: ${error?.message}`;
    // Whether the server did these is not known, and to ask again might do them twice.
    const lost = [...calls.keys()].filter(
      (rid) => calls.get(rid).made && !messages.has(rid) && rid !== configuring && rid !== account?.rid,
    );
    later(() => {
      tell(DISCONNECTED);
      tell(ERROR, 872000, message);
      for (const rid of lost) fail(rid, 872000, message);
    });
    if (generation <= MAX_BREAKS) start(resume);
    else giveUp(message);
  }
  /** Brings a new core to where the old one was. */
  function resume(sdk, isCurrent) {
    const go = () => {
      if (!isCurrent()) return;
      for (const [rid, message] of messages) if (calls.get(rid)?.made) pass(sdk, rid, message);
      begin(sdk);
    };
    if (wanted) sdk.init();
    if (configured) sdk.config(configured);
    if (!account || !isCurrent()) return go();
    // If the page's own login is still under way, this is it. Otherwise the page believes that it is logged in.
    const known = calls.has(account.rid);
    const login = end(account.rid);
    const mine = account;
    mine.rid = take();
    const resolve = (value) => {
      login.resolve(value);
      go();
    };
    const reject = (error) => {
      login.reject(error);
      if (!known && account === mine) hear(NOTIFICATION, error.code, error.message);
      go();
    };
    calls.set(mine.rid, { ...login, made: true, resolve, reject });
    sdk.login(mine.rid, mine.options);
  }

  function pass(sdk, rid, message) {
    const { serial, options, file, answer } = message;
    message.core = sdk;
    sdk.send(rid, serial, options, file ? (answer ?? null) : undefined);
  }
  function send(options, file) {
    const rid = take();
    const message = { options, file, serial: nextSerial++, owner: account?.options.username };
    callback(options.idGenerated, rid);
    for (const old of messages.keys()) {
      if (messages.size < MAX_KEPT) break;
      if (!calls.has(old)) messages.delete(old);
    }
    messages.set(rid, message);
    return call(rid, options, (sdk) => (typeof file === "string" ? refuse(rid, file) : pass(sdk, rid, message)), rid);
  }
  /** Uploads the image of a message, and sends the message then. */
  async function transfer(rid, message) {
    if (!message || message.busy) return;
    message.busy = true;
    if (!free) await new Promise((next) => queue.push(next));
    else free--;
    const { progress, signal } = message.options;
    const tell = (loaded, total) => callback(progress, loaded, total, rid);
    try {
      message.answer = await upload(() => uploadUrl, message.file, Number(JMessage.requestTimeOut) || 10000, signal, tell);
    } catch ({ code = 872000, message }) {
      fail(rid, code, message);
    }
    message.busy = false;
    const next = queue.shift();
    if (next) next();
    else free++;
    if (message.answer) run((sdk) => pass(sdk, rid, message));
  }
  function resend(options) {
    const given = options.rid;
    const rid = typeof given === "string" && given.trim() ? Number(given) : given;
    if (!Number.isInteger(rid) || calls.has(rid)) {
      const problem = calls.has(rid) ? "rid is still being sent" : "rid must be a number";
      const aside = take();
      return call(aside, options, () => refuse(aside, problem), given);
    }
    const message = messages.get(rid);
    if (message) message.options = { ...message.options, progress: options.progress, signal: options.signal };
    const make = (sdk) => {
      // The wasm knows what it sent. What never came so far, or went through one that broke, starts anew.
      const anew = message && message.owner === account?.options.username;
      if (anew && (message.core !== sdk || (message.file && !message.answer))) pass(sdk, rid, message);
      else sdk.resend(rid);
    };
    return call(rid, options, make, rid);
  }

  const JMessage = {
    version: "1.0.0",
    debug: false,
    requestTimeOut: 10000,
    loginTimeOut: 60000,
    url: "",
    httpServerUrl: "",
    QiNiuMediaUrl: "",
    UpYunImageMediaUrl: "",
    UpYunVoiceMediaUrl: "",
    ...page.registrars,
    async init() {
      wanted = true;
      run((sdk) => sdk.init());
    },
    config(options) {
      page.isReady = false;
      const before = configuring;
      later(() => fail(before, 872004, "config was called again"));
      const { appKey, server } = configured ?? {};
      configured = copy(options);
      if (appKey !== configured.appKey || server !== configured.server) seer = undefined;
      configuring = take();
      return call(configuring, configured, (sdk) => sdk.config(configured), undefined, true);
    },
    login(given) {
      const rid = take();
      const options = copy(given);
      const make = (sdk) => {
        if (seer !== options.username) seen = new Map();
        seer = options.username;
        if (account?.options.username !== options.username) media("", "");
        account = { rid, options };
        sdk.login(rid, options);
      };
      return call(rid, options, make, undefined, true);
    },
    async logout() {
      run((sdk) => {
        account = undefined;
        media("", "");
        sdk.logout();
      }, true);
    },
    sendTextMessage: (options) => send(copy(options)),
    sendImageMessage(given) {
      const options = copy(given);
      return send(options, guard(() => image(options)) ?? "fileId is invalid");
    },
    resendMessage: (options) => resend(copy(options)),
  };
  for (const name of CALLS) {
    JMessage[name] = (given) => {
      const rid = take();
      const options = copy(given);
      return call(rid, options, (sdk) => sdk.call(rid, name, options));
    };
  }
  globalThis.addEventListener?.("online", () => newest?.online());
  return JMessage;
}
