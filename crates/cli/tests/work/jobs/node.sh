# Node.js: children, worker threads, servers of its own, watching files.
# needs: node
cat >work.js <<'END'
const { execSync, spawn, fork } = require('child_process'), fs = require('fs'), http = require('http'), net = require('net')
const { Worker, isMainThread, parentPort } = require('worker_threads'), assert = require('assert')
if (process.argv[2] === 'forked') { process.on('message', m => { process.send(m * 2); process.disconnect() }); return }
if (!isMainThread) { parentPort.postMessage(42); return }
const wait = (emitter, event) => new Promise(done => emitter.once(event, done))
;(async () => {
  console.log(execSync('echo from a shell').toString().trim())
  try { execSync('exit 4', { stdio: 'ignore' }) } catch (e) { console.log(e.status) }
  const workers = Array.from({ length: 8 }, () => new Worker(__filename))
  console.log((await Promise.all(workers.map(w => wait(w, 'message')))).join())
  const child = fork(__filename, ['forked']); child.send(21); console.log(await wait(child, 'message'))
  for (const at of [{ port: 0, host: '127.0.0.1' }, { path: 'sock' }]) {
    const server = http.createServer((q, r) => r.end('served ' + q.url)).listen(at); await wait(server, 'listening')
    const address = server.address()
    const options = at.path ? { socketPath: 'sock', path: '/unix' } : { host: '127.0.0.1', port: address.port, path: '/tcp' }
    const response = await new Promise(done => http.get(options, done)); let text = ''
    for await (const part of response) text += part
    console.log(text); server.close()
  }
  console.log(await (await fetch('data:,fetched')).text())
  const watched = new Promise(done => { const w = fs.watch('.', (e, name) => { if (name === 'seen') { w.close(); done(name) } }) })
  fs.writeFileSync('seen', ''); console.log(await watched)
  await fs.promises.mkdir('a/b/c', { recursive: true })
  await Promise.all(Array.from({ length: 200 }, (_, i) => fs.promises.writeFile(`a/b/c/${i}`, '' + i)))
  fs.cpSync('a', 'copy', { recursive: true }); fs.rmSync('a', { recursive: true })
  console.log(fs.readdirSync('copy/b/c').length, fs.mkdtempSync('/tmp/node-').length > 10)
  const sh = spawn('sh', ['-c', 'cat; exit 7'], { stdio: ['pipe', 'inherit', 'inherit'] }); sh.stdin.end('piped\n')
  console.log(await wait(sh, 'exit'))
  process.exitCode = 9
})()
END
node work.js || echo "exit $?"
rmdir /tmp/node-* 2>/dev/null || true
