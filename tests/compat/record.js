// What both pages note: each check by name. A test reads it and makes a test of every one.

var results = [];
var finished = false;

function check(name, ok, detail) {
  results.push({ name: name, ok: !!ok, detail: detail === undefined ? "" : String(detail) });
}

function same(name, value, expected) {
  var shown = JSON.stringify(value);
  check(name, shown === JSON.stringify(expected), shown + " instead of " + JSON.stringify(expected));
}

/** Every call by itself: what follows a call that throws is still seen. */
function quietly(name, run) {
  try {
    run();
    check(name, true);
  } catch (error) {
    check(name, false, "it threw " + error);
  }
}

window.onerror = function (message, source, line) {
  check("no error reaches window.onerror", false, message + " at " + source + ":" + line);
};
window.addEventListener("unhandledrejection", function (event) {
  check("no promise is left rejected", false, event.reason);
});

/** One step after the other; each gets what to call when it is over. A step that hangs shows in the title. */
function inOrder(list) {
  var at = 0;
  function next() {
    var step = list[at++];
    if (!step) {
      check("no error reaches window.onerror", true);
      check("no promise is left rejected", true);
      finished = true;
      document.title = "finished";
      return;
    }
    document.title = step.name;
    step(next);
  }
  next();
}

/** Has the others do something (see tests/e2e/lib/compat.mjs), and goes on then. */
function wish(words, values, then) {
  grant(words, values || []).then(function () {
    if (then) then();
  });
}

/** `yyyy-MM-dd HH:mm:ss`. */
function isTime(text) {
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text);
}

/** Calls that come back each time something happened, to wait for one of them. */
function makeInbox() {
  var seen = [];
  var waiting = null;
  function look() {
    if (!waiting) return;
    for (var i = 0; i < seen.length; i++) {
      if (waiting.wanted(seen[i])) {
        var then = waiting.then;
        waiting = null;
        then(seen.splice(i, 1)[0]);
        return;
      }
    }
  }
  return {
    put: function (entry) {
      seen.push(entry);
      look();
    },
    take: function (wanted, then) {
      waiting = { wanted: wanted, then: then };
      look();
    }
  };
}
