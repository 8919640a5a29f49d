// What the page hears: its listeners, the order in which it hears, and data in the shapes that pages expect.

/** How many messages and events wait for a page that does not listen yet. */
const MAX_UNHEARD = 1000;

// News by number, as the wasm counts: the page's registrar of it, and its name for on() and off().
const REGISTRARS = ["ready", "error", "onConnected", "onDisconnected", "onMessageReceived", "notification", "onEventReceived"];
const NAMES = ["ready", "error", "connected", "disconnected", "message", "notification", "event", "resync", "backlog"];
const READY = 0;
const CONNECTED = 2;
const DISCONNECTED = 3;

/** Runs what may throw; an exception must not reach the page's own code. */
function guard(run) {
  try {
    return run();
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}

function callback(listener, ...values) {
  if (typeof listener === "function") guard(() => listener(...values));
}

/**
 * Data for pages of both kinds: those written for camelCase keys and those for snake_case, those that use it as an
 * object and those that call JSON.parse on it (which asks for its string first).
 */
function present(data) {
  if (typeof data !== "object" || !data) return data;
  if (Array.isArray(data)) data.forEach(present);
  else {
    for (const [key, value] of Object.entries(data)) {
      data[key.replace(/_(.)/g, (_, letter) => letter.toUpperCase())] ??= value;
      data[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] ??= value;
    }
  }
  return Object.defineProperty(data, "toString", { value: () => JSON.stringify(data) });
}

/** Makes the registrars, `on` and `off`, and what the SDK tells the page with. */
export function makePage() {
  /** By kind of news: the one listener of the registrar, and those of on(). */
  const registered = [];
  const added = NAMES.map(() => []);
  /** Messages and events that nobody has heard yet. */
  const unheard = [];
  /** Whether the connection that stands was made before anybody listened: the script connects when it has loaded. */
  let isUnnoticed = false;

  // What the page is to hear, in order, as functions. What its own code adds meanwhile waits for a timer: a page that
  // calls again in every callback must not keep the browser from everything else.
  let pieces = [];
  let delivering = false;
  function deliver() {
    const now = pieces;
    pieces = [];
    now.forEach(guard);
    if (pieces.length) setTimeout(deliver);
    else delivering = false;
  }
  function later(piece) {
    pieces.push(piece);
    if (!delivering) queueMicrotask(deliver);
    delivering = true;
  }

  const listeners = (kind) => [registered[kind], ...added[kind]].filter((listener) => typeof listener === "function");
  function tell(kind, ...values) {
    const now = listeners(kind);
    if (kind === CONNECTED || kind === DISCONNECTED) isUnnoticed = kind === CONNECTED && !now.length;
    now.forEach((listener) => callback(listener, ...values));
  }

  /** Hands over the messages and events that wait for a listener, if there is one now. */
  function handOver() {
    for (const entry of unheard.filter(([kind]) => listeners(kind).length)) {
      unheard.splice(unheard.indexOf(entry), 1);
      tell(...entry);
    }
  }

  const page = {
    guard,
    callback,
    later,
    tell,
    present,
    /** Whether `ready` was said, and holds for those who ask later. */
    isReady: false,
    /** Tells a message or an event, as soon as somebody listens. */
    keep(kind, entry) {
      if (unheard.length >= MAX_UNHEARD) {
        console.warn("JMessage: messages are lost because nobody listens: call onMessageReceived");
        unheard.shift();
      }
      unheard.push([kind, entry]);
      handOver();
    },
    /** What the page calls to listen. */
    registrars: {
      on(name, listener) {
        const kind = NAMES.indexOf(name);
        if (kind < 0 || typeof listener !== "function") {
          return console.warn(`JMessage.on takes a function and one of ${NAMES.join(", ")}`);
        }
        added[kind].push(listener);
        joined(kind, listener);
      },
      off(name, listener) {
        const kind = NAMES.indexOf(name);
        if (kind >= 0) added[kind] = added[kind].filter((other) => other !== listener);
      },
    },
  };
  /** A listener came: it may be late for what was said already. */
  function joined(kind, listener) {
    later(() => {
      if (kind === READY && page.isReady) callback(listener);
      if (kind === CONNECTED && isUnnoticed) tell(CONNECTED);
      handOver();
    });
  }
  REGISTRARS.forEach((name, kind) => {
    page.registrars[name] = (listener) => {
      if (typeof listener !== "function") console.warn(`JMessage.${name}: a listener must be a function`);
      registered[kind] = listener;
      joined(kind, listener);
    };
  });
  return page;
}
