/* What both pages need: calls as pages of 2010 to 2014 made them, in the JavaScript of that time. */

var Wire = (function () {
  var scripts = 0;

  function encode(params) {
    var parts = [];
    for (var name in params) parts.push(encodeURIComponent(name) + "=" + encodeURIComponent(params[name]));
    return parts.join("&");
  }

  function withParams(address, params) {
    return address + (address.indexOf("?") < 0 ? "?" : "&") + encode(params);
  }

  function originOf(address) {
    var link = document.createElement("a");
    link.href = address;
    return link.protocol + "//" + link.host;
  }

  function isForeign(address) {
    return originOf(address) !== location.protocol + "//" + location.host;
  }

  /* A script that calls a function of ours; `done(error, value)` is called once. Returns what gives it up. */
  function jsonp(address, params, done) {
    var name = "jsonp" + new Date().getTime() + scripts++;
    var script = document.createElement("script");
    function end(error, value) {
      window[name] = function () {};
      if (script.parentNode) script.parentNode.removeChild(script);
      var tell = done;
      done = function () {};
      tell(error, value);
    }
    window[name] = function (value) { end(null, value); };
    /* A script that ran has called the function by now. */
    script.onload = function () { end("no call"); };
    script.onerror = function () { end("error"); };
    params.callback = name;
    params._ = new Date().getTime();
    script.src = withParams(address, params);
    document.getElementsByTagName("head")[0].appendChild(script);
    return { abort: function () { end("abort"); } };
  }

  /* Strict: the answer is JSON or an error, a bare `ok` included. */
  function xhr(method, address, params, done) {
    var request = new XMLHttpRequest();
    if (method === "GET") params._ = new Date().getTime();
    request.open(method, method === "GET" ? withParams(address, params) : address, true);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    if (method === "POST") request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
    request.onreadystatechange = function () {
      if (request.readyState !== 4) return;
      if (request.status !== 200) return done("status " + request.status);
      var value;
      try {
        value = JSON.parse(request.responseText);
      } catch (error) {
        return done("parse error: " + request.responseText);
      }
      done(null, value);
    };
    request.send(method === "POST" ? encode(params) : null);
    return request;
  }

  return {
    isForeign: isForeign,
    get: function (address, params, done) {
      return isForeign(address) ? jsonp(address, params, done) : xhr("GET", address, params, done);
    },
    post: function (address, params, done) {
      params.csrf_token = "";
      return isForeign(address) ? jsonp(address, params, done) : xhr("POST", address, params, done);
    },
    /* A form in a frame that nobody sees: the only POST that reached another origin in those days. */
    submit: function (address, params, done) {
      var frame = document.createElement("iframe");
      var form = document.createElement("form");
      frame.name = "frame" + scripts++;
      frame.style.display = form.style.display = "none";
      form.method = "post";
      form.action = address;
      form.target = frame.name;
      for (var name in params) {
        var input = document.createElement("input");
        input.name = name;
        input.value = params[name];
        form.appendChild(input);
      }
      document.body.appendChild(frame);
      document.body.appendChild(form);
      frame.onload = function () {
        document.body.removeChild(form);
        setTimeout(function () { document.body.removeChild(frame); }, 0);
        done();
      };
      form.submit();
    }
  };
})();
