/* The chat bar of a site of 2014. `?im=` says where the server is, `&socket=off` that it shall poll all the same. */

var SHOWS = { available: "在线", chat: "在线", away: "离开", dnd: "忙碌", invisible: "隐身", unavailable: "离线" };
var FIRST_POLL = 300;
var NEXT_POLL = 200;
var FAILURES = 2;
var EVENT = "webim-event:";

function setting(name, otherwise) {
  var found = new RegExp("[?&]" + name + "=([^&]*)").exec(location.search);
  return found ? decodeURIComponent(found[1]) : otherwise;
}

/* What tests look at. */
var page = {
  im: setting("im", "im/"), state: "offline", user: null, connection: null, by: null,
  buddies: {}, rooms: {}, logs: {}, open: null, failures: 0, polls: 0, heard: [], seen: [], events: [], broadcasts: [], failed: []
};

function find(id) { return document.getElementById(id); }
function text(words) { return String(words).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;"); }
function keep(name, value) { sessionStorage.setItem(name, value); }
function kept(name) { return sessionStorage.getItem(name) || ""; }

function get(name, params, done) { Wire.get(page.im + name, params, answered(name, done)); }

function post(name, params, done) {
  params.ticket = page.connection.ticket;
  Wire.post(page.im + name, params, answered(name, done));
}

function answered(name, done) {
  return function (error, value) {
    if (error || (value && value.success === false)) {
      page.failed.push(name + ": " + (error || value.error_msg));
      find("failed").textContent = "操作失败：" + page.failed[page.failed.length - 1];
      return;
    }
    if (done) done(value);
  };
}

function expectOk(name) {
  return function (value) {
    if (value !== "ok") page.failed.push(name + ": " + JSON.stringify(value));
  };
}

/* ---- coming and going ---- */

function login(username, password) {
  keep("user", username);
  if (!Wire.isForeign(page.im)) return online({ username: username, password: password });
  Wire.submit(page.im + "online", { username: username, password: password, csrf_token: "" }, function () { online({}); });
}

function online(more) {
  var params = { show: find("show").value, buddy_ids: kept("buddies"), room_ids: kept("rooms") };
  for (var name in more) params[name] = more[name];
  page.state = "connecting";
  page.failures = 0;
  Wire.post(page.im + "online", params, function (error, answer) {
    if (error || !answer.success) {
      page.failed.push("online: " + (error || answer.error_msg));
      return offline();
    }
    begin(answer);
  });
}

function begin(answer) {
  page.state = "online";
  page.user = answer.user;
  page.connection = answer.connection;
  page.buddies = {};
  page.rooms = {};
  var i;
  for (i = 0; i < answer.buddies.length; i++) page.buddies[answer.buddies[i].id] = answer.buddies[i];
  for (i = 0; i < answer.rooms.length; i++) page.rooms[answer.rooms[i].id] = answer.rooms[i];
  for (i = 0; i < answer.new_messages.length; i++) hear(answer.new_messages[i]);
  if (kept("open")) open(kept("open"));
  get("notifications", {}, function (notices) { list("notices", notices, link); });
  get("menu", {}, function (menu) { list("menu", menu, link); });
  draw();
  var server = page.connection;
  if (server.websocket && setting("socket", "on") === "on") return connect(server);
  page.by = Wire.isForeign(server.server) ? "jsonp" : "xhr";
  setTimeout(function () { poll(server); }, FIRST_POLL);
}

function offline() {
  page.state = "offline";
  draw();
}

/* ---- what is new ---- */

function poll(connection) {
  if (connection !== page.connection || page.state !== "online") return;
  page.polls++;
  Wire.get(connection.server, { ticket: connection.ticket, domain: connection.domain }, function (error, packets) {
    if (connection !== page.connection || page.state !== "online") return;
    if (error || packets.status === "error") {
      if (++page.failures >= FAILURES) return offline();
    } else {
      page.failures = 0;
      take(packets);
    }
    setTimeout(function () { poll(connection); }, NEXT_POLL);
  });
}

function connect(connection) {
  var socket = new WebSocket(connection.websocket);
  page.by = "websocket";
  socket.onopen = function () { socket.send("subscribe " + connection.domain + " " + connection.ticket); };
  socket.onmessage = function (event) {
    page.failures = 0;
    page.polls++;
    var packets = JSON.parse(event.data);
    if (packets.status !== "error") take(packets);
  };
  socket.onclose = function () {
    if (connection !== page.connection || page.state !== "online") return;
    if (++page.failures >= FAILURES) return offline();
    setTimeout(function () { connect(connection); }, NEXT_POLL);
  };
}

function take(packets) {
  var i;
  for (i = 0; i < packets.messages.length; i++) {
    var body = packets.messages[i].body;
    if (body.indexOf(EVENT) === 0) happen(body.slice(EVENT.length).split("|,|"));
    else hear(packets.messages[i]);
  }
  for (i = 0; i < packets.presences.length; i++) see(packets.presences[i]);
  for (i = 0; i < packets.statuses.length; i++) {
    var status = packets.statuses[i];
    if (page.buddies[status.from]) page.buddies[status.from].typing = status.show === "typing";
  }
  draw();
}

function hear(item) {
  page.heard.push(item);
  if (item.type === "broadcast") return page.broadcasts.push(item.body);
  note(item.type === "grpchat" ? item.to : item.from === page.user.id ? item.to : item.from, [item]);
  if (page.buddies[item.from]) page.buddies[item.from].typing = false;
}

/* What pages tell each other. */
function happen(event) {
  page.events.push(event);
  if (event[0] === "invite") join(event[1], event[2]);
}

/* A message has no number: what says the same, at the same moment, is the same. */
function note(id, items) {
  var log = page.logs[id] || (page.logs[id] = []);
  for (var i = 0; i < items.length; i++) {
    var same = false;
    for (var j = 0; j < log.length; j++) {
      same = same || (log[j].from === items[i].from && log[j].body === items[i].body && log[j].timestamp === items[i].timestamp);
    }
    if (!same) log.push(items[i]);
  }
  log.sort(function (a, b) { return a.timestamp - b.timestamp; });
}

function see(presence) {
  page.seen.push(presence);
  var buddy = page.buddies[presence.from];
  if (/^(online|offline|show)$/.test(presence.type)) {
    if (!buddy) return;
    buddy.presence = presence.type === "offline" ? "offline" : "online";
    buddy.show = presence.show;
    buddy.status = presence.status;
  } else if (presence.type === "invite") {
    get("rooms", {}, function (rooms) {
      for (var i = 0; i < rooms.length; i++) page.rooms[rooms[i].id] = rooms[i];
      draw();
    });
  } else if (page.rooms[presence.to]) count(presence.to);
}

/* ---- rooms ---- */

function count(id) {
  var params = { id: id, ticket: page.connection.ticket };
  get("members", params, function (members) {
    var here = 0;
    for (var i = 0; i < members.length; i++) if (members[i].presence === "online") here++;
    page.rooms[id].members = members;
    page.rooms[id].count = here;
    page.rooms[id].all_count = members.length;
    draw();
  });
}

function join(id, nick) {
  post("join", { id: id, nick: nick || page.rooms[id].nick }, function (room) {
    page.rooms[id] = room;
    count(id);
  });
}

/* The page makes a name for the room; the answer says how it is really called. */
function invite(nick, members) {
  var id = Math.random().toString(16).slice(2);
  post("invite", { id: id, nick: nick, members: members.join(",") }, function (room) {
    page.rooms[room.id] = room;
    count(room.id);
  });
}

function leave(id) {
  post("leave", { id: id, nick: page.rooms[id].nick, temporary: undefined }, function (value) {
    expectOk("leave")(value);
    page.rooms[id].blocked = true;
    draw();
  });
}

/* ---- talking ---- */

function typeOf(id) { return page.rooms[id] ? "grpchat" : "chat"; }

function open(id) {
  page.open = id;
  keep("open", id);
  keep(page.rooms[id] ? "rooms" : "buddies", id);
  get("history", { type: typeOf(id), id: id }, function (items) {
    note(id, items);
    draw();
  });
  if (page.rooms[id]) count(id);
  draw();
}

/* Its own message stands in the log when the server has it: from the history, since the page was not told its moment. */
function say(body, style, to) {
  var id = to || page.open;
  post("message", { type: typeOf(id), offline: "false", to: id, body: body, style: style || "" }, function (value) {
    expectOk("message")(value);
    get("history", { type: typeOf(id), id: id }, function (items) {
      note(id, items);
      draw();
    });
  });
}

function broadcast(body) { post("message", { type: "broadcast", offline: "false", to: "all", body: body, style: "" }, expectOk("message")); }
function show(word, status) { post("presence", { show: word, status: status || "" }, expectOk("presence")); }
function typing(is) { post("status", { to: page.open, show: is ? "typing" : "clear" }, expectOk("status")); }

function clearLog() {
  var id = page.open;
  post("clear", { type: typeOf(id), id: id }, function (value) {
    expectOk("clear")(value);
    page.logs[id] = [];
    draw();
  });
}

/* ---- what a person sees; style and links go into attributes as they are, as they did then ---- */

function list(id, items, row) {
  var rows = "";
  for (var i = 0; i < items.length; i++) rows += row(items[i]);
  find(id).innerHTML = rows;
}

function link(item) { return '<li><a href="' + item.link + '">' + text(item.text || item.title) + "</a></li>"; }

function values(object) {
  var all = [];
  for (var id in object) all.push(object[id]);
  return all;
}

function draw() {
  document.body.className = page.state;
  find("banner").style.display = page.state === "offline" && page.user ? "block" : "none";
  find("login").style.display = page.user ? "none" : "block";
  if (!page.user) return;
  find("me").innerHTML = text(page.user.nick) + "（" + (page.state === "online" ? "已上线" : "离线") + "）";
  list("buddies", values(page.buddies), function (buddy) {
    var status = buddy.status ? "：" + text(buddy.status) : "";
    return '<li data-id="' + text(buddy.id) + '" data-presence="' + buddy.presence + '" class="' + (buddy.id === page.open ? "open" : "") + '">' +
      text(buddy.nick) + '<span class="show">' + (SHOWS[buddy.show] || buddy.show) + status + "</span></li>";
  });
  list("rooms", values(page.rooms), function (room) {
    return '<li data-id="' + text(room.id) + '" class="' + (room.id === page.open ? "open" : "") + '">' + text(room.nick) +
      '<span class="show">' + (room.blocked ? "已屏蔽" : room.count + "/" + room.all_count) + "</span></li>";
  });
  if (!page.open) return;
  var other = page.buddies[page.open] || page.rooms[page.open] || { nick: page.open };
  find("with").innerHTML = "与 " + text(other.nick) + " 聊天";
  find("typing").innerHTML = other.typing ? text(other.nick) + " 正在输入…" : "";
  list("log", page.logs[page.open] || [], function (item) {
    return '<p><span class="who">' + text(item.nick || item.from) + '</span><span class="body" style="' + (item.style || "") + '">' + text(item.body) + "</span></p>";
  });
  find("log").scrollTop = find("log").scrollHeight;
}

window.onload = function () {
  var forms = document.getElementsByTagName("form");
  forms[0].onsubmit = function () {
    login(find("username").value, find("password").value);
    return false;
  };
  forms[1].onsubmit = function () {
    say(find("say").value);
    find("say").value = "";
    return false;
  };
  find("say").oninput = function () { if (page.rooms[page.open] === undefined) typing(find("say").value !== ""); };
  find("show").onchange = function () { show(find("show").value); };
  find("play_sound").onchange = function () { post("setting", { data: JSON.stringify({ play_sound: find("play_sound").checked }) }, expectOk("setting")); };
  find("offline").onclick = function () {
    post("offline", {}, function (value) {
      expectOk("offline")(value);
      offline();
    });
  };
  find("again").onclick = function () { online({}); };
  find("broadcast").onclick = function () { broadcast(find("say").value); };
  find("clear").onclick = clearLog;
  document.body.onclick = function (event) {
    var row = event.target;
    while (row && row.getAttribute && !row.getAttribute("data-id")) row = row.parentNode;
    if (row && row.getAttribute) open(row.getAttribute("data-id"));
  };
  draw();
  if (kept("user")) online({});
};

/* The page is loaded anew: the server is told, and keeps its user online meanwhile. */
window.onpagehide = function () {
  if (page.state !== "online" || setting("refresh", "on") === "off") return;
  navigator.sendBeacon(page.im + "refresh", new URLSearchParams({ ticket: page.connection.ticket, csrf_token: "" }));
};
