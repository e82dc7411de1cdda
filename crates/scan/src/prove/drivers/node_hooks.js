// First part of the worker for Node: notes what the project's code does while
// a request is answered. It shares a process with that code, which could
// therefore say anything here: what it says is only ever about itself.
'use strict';
const fs = require('fs'), path = require('path'), http = require('http'), net = require('net');
const dns = require('dns'), Module = require('module'), processes = require('child_process');
const OPTIONS = JSON.parse(process.argv[2]);
const ROOT = OPTIONS.root, MOST_EVENTS = 60, MOST_TEXT = 4000;
const parse = JSON.parse, print = JSON.stringify;
const out = 1, writeSync = fs.writeSync.bind(fs);
process.stdout.write = process.stderr.write = () => true;
process.argv.splice(2);
let events = null, asked = null;
const DEEPEST = 30;
Error.stackTraceLimit = DEEPEST;

function cut(value) {
  try {
    return String(typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString() : print(value) ?? value).slice(0, MOST_TEXT);
  } catch { return ''; }
}

function frames() {
  const found = [];
  for (const line of (new Error().stack || '').split('\n').slice(2)) {
    const at = /^\s+at (?:async )?(?:(.*?) \()?(?:file:\/\/)?(\/[^()]*?):(\d+):\d+\)?$/.exec(line);
    if (at) found.push([at[2], Number(at[3]), (at[1] || '').split(' ')[0].split('.').pop().replace('<anonymous>', '')]);
  }
  return found;
}

function ours(file) {
  return file.startsWith(ROOT + '/') && !file.includes('/node_modules/');
}

function places() {
  return frames().filter(([file]) => ours(file)).slice(0, 6)
    .map(([file, line, name]) => [file.slice(ROOT.length + 1), line, name]);
}

function note(kind, ...words) {
  if (events === null || events.length >= MOST_EVENTS) return;
  const where = places();
  const asynchronous = kind === 'sql' || kind === 'nosql' || kind === 'nosql-code' || kind === 'command' || kind === 'connect';
  if (where.length || asynchronous) events.push({kind, words: words.map(cut), places: where});
}

// Notes that the project, not its framework, asks for an input.
function asks(channel, name) {
  if (asked === null || asked.size > 200 || typeof name !== 'string') return;
  const word = print([channel, name.slice(0, 80)]);
  if (asked.has(word)) return;
  Error.stackTraceLimit = 6;
  const first = frames().find(([file]) => file !== __filename);
  Error.stackTraceLimit = DEEPEST;
  if (first && ours(first[0])) asked.add(word);
}

const asking = new WeakSet();
function noting(object, channel) {
  if (object === null || typeof object !== 'object' || asking.has(object) || Buffer.isBuffer(object)) return object;
  const proxy = new Proxy(object, {
    get(target, name, self) { asks(channel, name); return Reflect.get(target, name, target); },
    has(target, name) { asks(channel, name); return Reflect.has(target, name); },
    ownKeys(target) { asks(channel, '*'); return Reflect.ownKeys(target); },
  });
  asking.add(proxy);
  return proxy;
}

function wrap(owner, name, before) {
  const inner = owner && owner[name];
  if (typeof inner !== 'function') return;
  const outer = function (...args) {
    try { if (events !== null || tell !== null) before(args, this); } catch { /* less is seen */ }
    return new.target ? Reflect.construct(inner, args, new.target) : Reflect.apply(inner, this, args);
  };
  Object.setPrototypeOf(outer, inner);
  outer.prototype = inner.prototype;
  try { owner[name] = outer; } catch { /* less is seen */ }
}

// What no application has to do; each thing is told once.
const CREDENTIALS = /\/\.ssh\/(id_|config|known)|\/\.(netrc|git-credentials|pypirc|npmrc|pgpass|my\.cnf)$|\/\.aws\/(credentials|config)$|\/\.docker\/config\.json$|\/\.kube\/config$|\/\.gnupg\/|\/\.config\/(gcloud|gh)\/|\/etc\/g?shadow$/;
const OTHERS = /\/proc\/(\d+)\/(mem|environ|fd|fdinfo|root|cwd|task)\b/;
let loading = true, tell = null;
const knownActs = new Set();
function act(kind, text) {
  if (tell === null || knownActs.has(kind + text) || knownActs.size >= 40) return;
  // The project itself, rather than a module that it uses.
  const first = frames().find(([file]) => file !== __filename);
  if (!first || !ours(first[0])) return;
  knownActs.add(kind + text);
  tell({kind, text: cut(text).slice(0, 200), place: [first[0].slice(ROOT.length + 1), first[1], first[2]]});
}

function watchFile(operation, file, flags) {
  const other = OTHERS.exec(file);
  const writes = /^(write|append|createWrite|unlink|rename|mkdir|rm)/.test(operation) || (operation === 'open' && /[wa+]/.test(String(flags)));
  if (CREDENTIALS.test(file)) act('credentials', 'it opened `' + file + '`');
  else if (other && other[1] !== String(process.pid)) act('process', 'it opened `' + other[0] + '`');
  else if (writes && file && !/^\/(tmp|dev)\//.test(file)) act('write', 'it opened `' + file + '` to write');
}

function reaches(host, port) {
  if (loading && host && !/^(localhost|127\.|::1|0\.0\.0\.0|::$)/.test(String(host))) act('network', 'it reached for `' + host + '` port ' + (port || ''));
}

function fileName(value) {
  if (value instanceof URL) value = value.pathname;
  return typeof value === 'string' || Buffer.isBuffer(value) ? path.resolve(String(value)) : '';
}

for (const owner of [fs, fs.promises]) {
  for (const name of ['open', 'readFile', 'writeFile', 'appendFile', 'createReadStream', 'createWriteStream', 'readdir', 'unlink', 'rename', 'mkdir', 'rm', 'stat', 'access']) {
    for (const each of [name, name + 'Sync']) {
      const operation = name === 'access' ? 'stat' : name;
      wrap(owner, each, args => { watchFile(operation, fileName(args[0]), args[1]); note('file', operation, fileName(args[0])); });
    }
  }
}
wrap(fs, 'exists', args => note('file', 'stat', fileName(args[0])));
wrap(fs, 'existsSync', args => note('file', 'stat', fileName(args[0])));
for (const name of ['exec', 'execSync']) wrap(processes, name, args => note('command', 'shell', args[0]));
for (const name of ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork']) {
  wrap(processes, name, args => note('command', 'program', args[0], ...(Array.isArray(args[1]) ? args[1] : [])));
}
wrap(dns, 'lookup', args => { reaches(args[0]); note('connect', args[0]); });
wrap(process, 'kill', ([pid, signal]) => { if ([0, 1, -1, process.ppid].includes(Number(pid))) act('process', 'it sent signal ' + (signal || 'SIGTERM') + ' to process ' + pid); });
wrap(net.Socket.prototype, 'connect', args => {
  const to = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (to && typeof to === 'object') reaches(to.host, to.port);
  if (to && typeof to === 'object') note('connect', to.host || '', to.port || '');
});

// Databases whose servers cannot be reached answer themselves.
function sqlOf(statement) { return statement && typeof statement === 'object' ? statement.sql || statement.text || '' : statement; }

function later(args, ...result) {
  const callback = args.reverse().find(each => typeof each === 'function');
  if (callback) { setImmediate(() => callback(null, ...result)); return undefined; }
  return Promise.resolve(result[0]);
}

function sqlConnection(rows) {
  const connection = {};
  for (const name of ['query', 'execute']) {
    connection[name] = (...args) => { note('sql', sqlOf(args[0])); return later(args, rows(), []); };
  }
  for (const name of ['connect', 'end', 'release', 'getConnection', 'beginTransaction', 'commit', 'rollback', 'ping', 'changeUser']) {
    connection[name] = (...args) => later(args, connection);
  }
  connection.on = connection.once = connection.destroy = () => connection;
  connection.escape = value => "'" + String(value).replace(/[\\']/g, '\\$&') + "'";
  connection.escapeId = value => '`' + String(value).replace(/`/g, '``') + '`';
  connection.promise = () => connection;
  return connection;
}

function fits(document, query) {
  return Object.entries(query || {}).every(([name, wanted]) => {
    if (name.startsWith('$')) return name === '$or' ? wanted.some(each => fits(document, each)) : true;
    const value = document[name];
    if (wanted && typeof wanted === 'object') {
      return Object.entries(wanted).every(([operator, other]) =>
        operator === '$ne' ? value !== other : operator === '$gt' ? value > other : operator === '$in' ? other.includes(value) : true);
    }
    return value === wanted;
  });
}

function change(document, update) {
  for (const [name, values] of Object.entries(update)) {
    if (name === '$set') Object.assign(document, values);
    else if (name === '$inc') for (const each in values) document[each] = (document[each] || 0) + values[each];
    else if (!name.startsWith('$')) document[name] = values;
  }
  return document;
}

const stores = new Map();
function collection(name) {
  if (!stores.has(name)) stores.set(name, []);
  const documents = stores.get(name);
  const looked = query => {
    note('nosql', query);
    if (query && query.$where) note('nosql-code', String(query.$where));
    return documents.filter(each => fits(each, query));
  };
  const cursor = found => {
    const self = {toArray: (...args) => later(args, found.map(each => ({...each}))), next: (...args) => later(args, found[0] || null)};
    for (const each of ['sort', 'limit', 'skip', 'project', 'lean', 'batchSize']) self[each] = () => self;
    self.forEach = self.each = act => { found.forEach(each => act(each)); };
    self.count = (...args) => later(args, found.length);
    return self;
  };
  const add = (list, args) => {
    for (const each of list) { each._id = each._id ?? String(documents.length + 1); documents.push({...each}); }
    return later(args, {ops: list, insertedId: list[0] && list[0]._id, insertedCount: list.length});
  };
  const modify = (query, update, options) => {
    let found = looked(query);
    if (!found.length && options && options.upsert) { const made = change({}, query); documents.push(made); found = [made]; }
    found.slice(0, 1).forEach(each => change(each, update || {}));
    return found;
  };
  const removed = query => { for (const each of looked(query)) documents.splice(documents.indexOf(each), 1); return {deletedCount: 1}; };
  const self = {
    find: query => cursor(looked(query)), aggregate: () => cursor([]),
    findOne: (query, ...args) => later(args, looked(query)[0] ? {...looked(query)[0]} : null),
    insert: (list, ...args) => add([].concat(list), args), insertOne: (one, ...args) => add([one], args),
    insertMany: (list, ...args) => add(list, args),
    findAndModify: (query, sort, update, options, ...args) => {
      const found = modify(query, update, {upsert: true});
      return later([options, ...args], {value: found[0]});
    },
    count: (query, ...args) => later([query, ...args], documents.length),
    createIndex: (...args) => later(args), drop: (...args) => later(args),
  };
  self.countDocuments = self.count;
  for (const name of ['update', 'updateOne', 'updateMany', 'replaceOne', 'findOneAndUpdate']) {
    self[name] = (query, update, ...args) => { const found = modify(query, update, args.find(each => each && each.upsert)); return later(args, {value: found[0], modifiedCount: found.length, result: {n: found.length}}); };
  }
  for (const name of ['remove', 'deleteOne', 'deleteMany']) self[name] = (query, ...args) => later(args, removed(query));
  return self;
}

const database = {collection, db: () => database, close: (...args) => later(args), connect: (...args) => later(args, database), on() {}, once() {}, topology: {}, s: {}};
class MongoClient {
  static connect(...args) { return later(args, database); }
  constructor() { return database; }
}

const ANSWERING = {
  mysql: () => ({createConnection: () => sqlConnection(() => []), createPool: () => sqlConnection(() => []), escape: sqlConnection().escape}),
  'mysql2': () => ANSWERING.mysql(),
  'mysql2/promise': () => ({createConnection: async () => sqlConnection(() => [[], []]), createPool: () => sqlConnection(() => [[], []])}),
  pg: () => { const make = function () { return sqlConnection(() => ({rows: [], rowCount: 0})); }; return {Client: make, Pool: make}; },
  mongodb: inner => Object.assign(Object.create(inner || null), {MongoClient}),
};

function watchSqlite(name, module) {
  const owner = name === 'better-sqlite3' ? module.prototype : module.Database && module.Database.prototype;
  for (const each of ['run', 'get', 'all', 'each', 'exec', 'prepare']) {
    if (owner && !(name === 'better-sqlite3' && each === 'get')) wrap(owner, each, args => note('sql', args[0]));
  }
}
