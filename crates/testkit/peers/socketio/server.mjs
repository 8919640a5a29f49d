// A durable chat server on socket.io and SQLite, as a developer would write it who has read the chapters of socket.io about
// speed and memory. It is measured beside ours: `cargo xtask bench --peers`.
//
//     node server.mjs DIRECTORY USERS
//
// It makes users bench00000 to bench(USERS-1), prints {"url":"http://…"} once it listens and runs until SIGTERM.
// A message is acknowledged and delivered after the transaction that stores it was synced. All messages that were read in
// one turn of the event loop are stored in one transaction, each by an INSERT of its own.

import Database from 'better-sqlite3'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Server } from 'socket.io'

const PASSWORD = 'pass1234'
const LONGEST_TEXT = 4096

const [directory, users] = process.argv.slice(2)
const db = new Database(join(directory, 'chat.db'))
db.pragma('journal_mode = WAL')
db.pragma('synchronous = FULL')
// As the server beside which it is measured: 64 MiB of cache, a checkpoint after 32 MiB of log.
db.pragma('cache_size = -65536')
db.pragma('wal_autocheckpoint = 8192')
db.exec(`
  CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT NOT NULL);
  -- pair is null for a group
  CREATE TABLE IF NOT EXISTS conversation (id INTEGER PRIMARY KEY, pair TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS member (
    user INTEGER NOT NULL, conversation INTEGER NOT NULL, seen INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user, conversation)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, sender INTEGER NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS message_of_conversation ON message (conversation, id);
`)

const findUser = db.prepare('SELECT id, name, password FROM user WHERE name = ?')
const addUser = db.prepare('INSERT OR IGNORE INTO user (name, password) VALUES (?, ?)')
const findPair = db.prepare('SELECT id FROM conversation WHERE pair = ?').pluck()
const addConversation = db.prepare('INSERT INTO conversation (pair) VALUES (?)')
const addMember = db.prepare('INSERT OR IGNORE INTO member (user, conversation) VALUES (?, ?)')
const groupsOf = db.prepare(`
  SELECT conversation FROM member JOIN conversation ON conversation.id = conversation
  WHERE user = ? AND pair IS NULL`).pluck()
const addMessage = db.prepare('INSERT INTO message (conversation, sender, text, at) VALUES (?, ?, ?, ?)')
const see = db.prepare('UPDATE member SET seen = max(seen, ?) WHERE user = ? AND conversation = ?')
const missed = db.prepare(`
  SELECT message.conversation, message.id AS seq, user.name AS "from", text, at
  FROM member JOIN message ON message.conversation = member.conversation AND message.id > seen
  JOIN user ON user.id = sender
  WHERE member.user = ? AND sender <> member.user ORDER BY message.id`)

// Not a hash for passwords that people choose; logins are not what is measured.
const digest = (password) => createHash('sha256').update(password).digest('hex')

db.transaction(() => {
  for (let index = 0; index < Number(users); index++) {
    addUser.run(`bench${String(index).padStart(5, '0')}`, digest(PASSWORD))
  }
})()

const http = createServer()
// No heartbeat is due within a measurement, as with the other servers.
const io = new Server(http, { transports: ['websocket'], serveClient: false, pingInterval: 300_000 })
// The request of the handshake is not needed any more (socket.io/docs, memory usage).
io.engine.on('connection', (raw) => { raw.request = null })

/** Users by name, and conversations of pairs, once they have been looked up. */
const known = new Map()
const pairs = new Map()

function userNamed(name) {
  let user = known.get(name)
  if (!user) {
    user = findUser.get(name)
    if (!user) throw new Error('no such user')
    known.set(name, user)
  }
  return user
}

function conversationOf(a, b) {
  const pair = a < b ? `${a} ${b}` : `${b} ${a}`
  let conversation = pairs.get(pair)
  if (!conversation) {
    conversation = findPair.get(pair) ?? Number(addConversation.run(pair).lastInsertRowid)
    addMember.run(a, conversation)
    addMember.run(b, conversation)
    pairs.set(pair, conversation)
  }
  return conversation
}

/** What waits for the end of this turn: functions that write and return what to do after the commit. */
let waiting = []

function write(work) {
  if (waiting.push(work) === 1) setImmediate(commit)
}

const all = db.transaction((works) => works.map((work) => work()))

function commit() {
  const works = waiting
  waiting = []
  for (const after of all(works)) after?.()
}

function store(socket, { to, group, text }, done) {
  const { id: sender, name: from } = socket.data.user
  if (typeof text !== 'string' || text.length > LONGEST_TEXT) return done({ error: 'not a text' })
  let recipient
  try {
    recipient = group === undefined && userNamed(to)
  } catch (error) {
    return done({ error: error.message })
  }
  const room = recipient ? `user:${recipient.id}` : `group:${group}`
  if (!recipient && !socket.rooms.has(room)) return done({ error: 'not a member' })
  write(() => {
    const conversation = recipient ? conversationOf(sender, recipient.id) : group
    const at = Date.now()
    const seq = Number(addMessage.run(conversation, sender, text, at).lastInsertRowid)
    return () => {
      socket.to(room).emit('message', { conversation, seq, from, text, at })
      done({ conversation, seq, at })
    }
  })
}

function makeGroup(socket, names, done) {
  const members = [socket.data.user, ...names.map(userNamed)]
  write(() => {
    const group = Number(addConversation.run(null).lastInsertRowid)
    for (const { id } of members) addMember.run(id, group)
    return () => {
      io.in(members.map(({ id }) => `user:${id}`)).socketsJoin(`group:${group}`)
      done({ group })
    }
  })
}

io.use((socket, next) => {
  const { name, password } = socket.handshake.auth
  const user = findUser.get(String(name))
  if (user?.password !== digest(String(password))) return next(new Error('the name or the password is wrong'))
  socket.data.user = { id: user.id, name: user.name }
  next()
})

io.on('connection', (socket) => {
  const { id } = socket.data.user
  socket.join([`user:${id}`, ...groupsOf.all(id).map((group) => `group:${group}`)])
  for (const message of missed.all(id)) socket.emit('message', message)
  socket.on('send', (message, done) => store(socket, message, done))
  socket.on('seen', (conversation, seq) => write(() => void see.run(seq, id, conversation)))
  socket.on('group', (names, done) => makeGroup(socket, names, done))
  socket.on('alive', (done) => done())
})

http.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${http.address().port}` })))
process.on('SIGTERM', () => {
  db.close()
  process.exit(0)
})
