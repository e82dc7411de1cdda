// Second part of the worker for Node: finds the application and its routes in
// Express's own table, and answers requests, one line each.
const apps = [], servers = [], MOST_BODY = 1 << 16;
const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'all'];
const request = http.request.bind(http), listenOf = net.Server.prototype.listen;

// Servers listen where only we reach them, whatever the project wants.
net.Server.prototype.listen = function (...args) {
  const callback = args.find(each => typeof each === 'function');
  if (!servers.includes(this)) servers.push(this);
  if (this.listening) return this;
  return Reflect.apply(listenOf, this, callback ? [0, '127.0.0.1', callback] : [0, '127.0.0.1']);
};

const known = new Map(), load = Module._load;
Module._load = function (name, ...rest) {
  if (ANSWERING[name]) {
    if (!known.has(name)) {
      let inner = null;
      try { inner = load.call(this, name, ...rest); } catch { /* it need not be there */ }
      known.set(name, ANSWERING[name](inner));
    }
    return known.get(name);
  }
  const module = load.call(this, name, ...rest);
  if (known.has(module)) return known.get(module);
  if (name === 'express' && typeof module === 'function') return watchExpress(module);
  if ((name === 'better-sqlite3' || name === 'sqlite3') && module) { known.set(module, module); watchSqlite(name, module); }
  return module;
};

function watchExpress(express) {
  const outer = function (...args) { const app = express(...args); apps.push(app); return app; };
  Object.setPrototypeOf(outer, express);
  for (const name of Object.getOwnPropertyNames(express)) {
    if (!(name in outer) || !['length', 'name', 'prototype'].includes(name)) {
      try { Object.defineProperty(outer, name, Object.getOwnPropertyDescriptor(express, name)); } catch { /* as it is */ }
    }
  }
  known.set(express, outer);
  known.set(outer, outer);
  for (const name of METHODS) {
    const inner = express.Route.prototype[name];
    if (typeof inner !== 'function') continue;
    express.Route.prototype[name] = function (...handlers) {
      this.cofferdam = this.cofferdam || places()[0];
      return Reflect.apply(inner, this, handlers);
    };
  }
  const routers = [express.Router, express.Router.prototype].filter(each => each && typeof each.use === 'function');
  for (const owner of routers) {
    const inner = owner.use;
    owner.use = function (first, ...rest) {
      const before = (this.stack || []).length;
      const result = Reflect.apply(inner, this, [first, ...rest]);
      for (const layer of (this.stack || []).slice(before)) layer.cofferdam = typeof first === 'string' ? first : '';
      return result;
    };
  }
  return outer;
}

// Each handler sees inputs that note what they are asked for.
function watchLayers() {
  for (const [file, module] of Object.entries(require.cache)) {
    if (!/(express\/lib\/router|router\/lib)\/layer\.js$/.test(file)) continue;
    for (const name of ['handle_request', 'handleRequest']) {
      const owner = module.exports.prototype, inner = owner[name];
      if (typeof inner !== 'function' || inner.cofferdam) continue;
      owner[name] = function (req, res, next) {
        if (asked !== null) {
          for (const [property, channel] of [['query', 'query'], ['body', 'body'], ['cookies', 'cookie'], ['headers', 'header']]) {
            const value = req[property];
            const as = property !== 'body' ? channel : req.headers['content-type'] === 'application/json' ? 'json' : 'form';
            if (value && typeof value === 'object') {
              Object.defineProperty(req, property, {value: noting(value, as), writable: true, configurable: true, enumerable: true});
            }
          }
        }
        return Reflect.apply(inner, this, [req, res, next]);
      };
      owner[name].cofferdam = true;
    }
  }
}

function* routesOf(stack, before) {
  for (const layer of stack || []) {
    if (layer.route) {
      for (const each of [].concat(layer.route.path)) {
        if (typeof each !== 'string') continue;
        const methods = Object.keys(layer.route.methods || {}).filter(name => layer.route.methods[name] && name !== '_all');
        const last = layer.route.stack && layer.route.stack[layer.route.stack.length - 1];
        const text = last && last.handle ? Function.prototype.toString.call(last.handle) : '';
        yield {
          app: 0, methods: (methods.length ? methods : ['get', 'post']).map(name => name.toUpperCase()).filter(name => name !== 'HEAD'),
          path: (before + each).replace(/\/+/g, '/').replace(/:(\w+)(\([^)]*\))?[?*+]?/g, '{$1}'),
          place: handlerPlace(last && last.handle, layer.route.cofferdam), constants: [],
          declared: declaredIn(text),
        };
      }
    } else {
      const inner = layer.handle && (layer.handle.stack || (layer.handle._router && layer.handle._router.stack));
      if (inner) yield* routesOf(inner, before + (layer.cofferdam || ''));
    }
  }
}

function handlerPlace(handler, registered) {
  const [file, line] = registered || ['', 0];
  return [file, line, (handler && handler.name) || ''];
}

// Inputs that a handler names in its own text; the others show when it runs.
function declaredIn(text) {
  const found = [], channels = {query: 'query', body: 'form', cookies: 'cookie'};
  for (const at of text.matchAll(/\breq\.(query|body|cookies)(?:\.(\w+)|\[['"]([\w-]+)['"]\])/g)) found.push([channels[at[1]], at[2] || at[3]]);
  for (const at of text.matchAll(/\{([\w\s,]+)\}\s*=\s*req\.(query|body)\b/g)) {
    for (const name of at[1].split(',')) if (name.trim()) found.push([channels[at[2]], name.trim()]);
  }
  return found.slice(0, 20);
}

function candidates() {
  const found = [];
  try {
    const about = parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    const started = /\bnode\s+([\w./-]+)/.exec((about.scripts && about.scripts.start) || '');
    for (const each of [started && started[1], about.main]) if (typeof each === 'string') found.push(each);
  } catch { /* without it, too */ }
  found.push('server.js', 'app.js', 'index.js', 'src/server.js', 'src/app.js', 'src/index.js', 'bin/www', 'main.js');
  return [...new Set(found.map(each => path.resolve(ROOT, each)))].filter(each => {
    try { return ours(require.resolve(each)); } catch { return false; }
  });
}

function stackOf(app) { return (app._router && app._router.stack) || (app.router && app.router.stack) || []; }

async function start() {
  const problems = [];
  if (OPTIONS.alone) return {routes: [], problems};
  for (const file of candidates()) {
    try {
      process.chdir(ROOT);
      const module = require(file);
      for (let wait = 0; wait < 40 && !(servers.length && apps.some(app => stackOf(app).some(each => each.route || each.handle.stack))); wait++) {
        await new Promise(done => setTimeout(done, 50));
        if (wait > 10 && !servers.length && apps.length) break;
      }
      if (!servers.length && apps.length) http.createServer(apps[apps.length - 1]).listen(0);
      else if (!servers.length && typeof module === 'function' && module.handle) http.createServer(module).listen(0);
    } catch (error) {
      problems.push(path.relative(ROOT, file) + ': ' + cut(error && error.message).slice(0, 200));
    }
    if (servers.length) break;
  }
  await new Promise(done => setTimeout(done, 50));
  watchLayers();
  if (!servers.length) problems.push('no file makes an Express application');
  const routes = servers.length ? apps.flatMap(app => [...routesOf(stackOf(app), '')]) : [];
  return {routes: routes.slice(0, 5000), problems: problems.slice(0, 10)};
}

// A function is called by itself, one of its parameters with what is to be
// tried. Only what its file exports can be called.
async function callAlone(wanted) {
  const answer = {status: 0, headers: [], body: '', error: '', events: [], asked: []};
  try {
    const [first, method] = wanted.name.split('.');
    const file = path.join(ROOT, wanted.path);
    loading = true;
    process.chdir(path.dirname(file));
    const module = require(file);
    loading = false;
    const exported = [module, module && module.default, ...Object.values(module || {})];
    let target = [module && module[first], module && module.default && module.default[first], ...exported].find(each => typeof each === 'function' && (each.name === first || (module && module[first] === each)));
    if (target === undefined) throw new Error('its file does not export `' + first + '`');
    let self;
    if (method) {
      try { self = new target(); } catch { self = Object.create(target.prototype); }
      target = typeof target[method] === 'function' ? target[method] : self[method];
    }
    const values = wanted.parameters.map(name => name === wanted.parameter ? wanted.value
      : /^(cb|callback|done|next|fn)$/i.test(name) ? () => {} : /^(db|conn|connection|pool|client)$/i.test(name) ? sqlConnection(() => [])
      : /^(n|i|id|count|limit|size|page|port|timeout)$/i.test(name) ? 1 : 'harmless');
    events = []; asked = new Set();
    let result = Reflect.apply(target, self, values);
    if (result && typeof result.then === 'function') {
      result = await Promise.race([result, new Promise((done, fail) => setTimeout(() => fail(new Error('no answer in time')), OPTIONS.seconds * 1000).unref())]);
    }
    answer.status = 200;
    if (typeof result === 'string') answer.body = result.slice(0, MOST_BODY);
  } catch (error) { answer.error = cut(error && error.message || error).slice(0, 200); }
  // A program that it started may take so long to do what it was told.
  await new Promise(done => setTimeout(done, 50));
  return answer;
}

const encode = pairs => pairs.map(([name, value]) => encodeURIComponent(name) + '=' + encodeURIComponent(value)).join('&');
const jar = new Map();

function call(wanted) {
  const answer = {status: 0, headers: [], body: '', error: '', events: [], asked: []};
  let body = '', kind = null;
  if (wanted.json != null) { body = print(wanted.json); kind = 'application/json'; }
  else if (wanted.body != null) { body = wanted.body; kind = wanted.body_type || 'text/plain'; }
  else if (wanted.form != null) { body = encode(wanted.form); kind = 'application/x-www-form-urlencoded'; }
  const cookies = new Map([...jar, ...wanted.cookies.map(([name, value]) => [name, encodeURIComponent(value)])]);
  const headers = {host: 'localhost', 'user-agent': 'cofferdam', accept: '*/*', connection: 'close'};
  for (const [name, value] of wanted.headers) headers[name] = Buffer.from(value).toString('latin1');
  if (cookies.size) headers.cookie = [...cookies].map(pair => pair.join('=')).join('; ');
  if (kind) { headers['content-type'] = kind; headers['content-length'] = Buffer.byteLength(body); }
  const query = encode(wanted.query);
  const target = wanted.encoded_path + (query && '?' + query);
  return new Promise(done => {
    let late;
    const finish = error => { clearTimeout(late); if (error) answer.error = cut(error && error.message || error).slice(0, 200); setTimeout(() => done(answer), 2); };
    late = setTimeout(() => finish('no answer in time'), OPTIONS.seconds * 1000);
    try {
      const sent = request({host: '127.0.0.1', port: servers[0].address().port, method: wanted.method, path: target, headers, agent: false}, got => {
        answer.status = got.statusCode;
        for (let at = 0; at + 1 < got.rawHeaders.length; at += 2) answer.headers.push([cut(got.rawHeaders[at]), cut(got.rawHeaders[at + 1])]);
        for (const each of got.headers['set-cookie'] || []) {
          const [pair] = each.split(';'), at = pair.indexOf('=');
          if (at > 0) jar.set(pair.slice(0, at), pair.slice(at + 1));
        }
        const chunks = [];
        let size = 0;
        got.on('data', chunk => { size += chunk.length; if (size <= MOST_BODY * 2) chunks.push(chunk); });
        got.on('end', () => { answer.body = Buffer.concat(chunks).toString('utf8').slice(0, MOST_BODY); finish(); });
        got.on('error', finish);
      });
      sent.on('error', finish);
      events = []; asked = new Set();
      sent.end(body);
    } catch (error) { finish(error); }
  });
}

process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});
process.exit = () => { throw new Error('the project wants to end'); };

(async () => {
  const say = (message, mark = ' ') => { let data = Buffer.from(OPTIONS.token + mark + print(message) + '\n'); while (data.length) { try { data = data.subarray(writeSync(out, data)); } catch (error) { if (error.code !== 'EAGAIN') throw error; } } };
  const lines = require('readline').createInterface({input: process.stdin, terminal: false})[Symbol.asyncIterator]();
  tell = act => say(act, '+');
  say(await start());
  loading = false;
  for (;;) {
    const {value, done} = await lines.next();
    if (done) break;
    const wanted = parse(value);
    const answer = await (wanted.call ? callAlone(wanted.call) : call(wanted));
    answer.events = events || [];
    answer.asked = [...(asked || [])].map(each => parse(each));
    events = asked = null;
    say(answer);
  }
})();
