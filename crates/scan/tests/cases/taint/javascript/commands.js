// Commands: through a shell or not, checked or not.
const { exec, execFile, spawn } = require('child_process');
const cp = require('child_process');
const run = require('child_process').exec;
const express = require('express');
const app = express();

app.get('/ping', function (req, res) {
  exec('ping -c 1 ' + req.query.host, (error, stdout) => res.json({ stdout })); // finds A command-injection
  execFile('ping', ['-c', '1', req.query.host], () => {});
  res.json({});
});

app.get('/list', (req, res) => {
  const folder = req.params.folder;
  if (!/^[a-z0-9]+$/.test(folder)) {
    return res.sendStatus(400);
  }
  exec(`ls ${folder}`);
  return res.sendStatus(200);
});

app.get('/kind', (req, res) => {
  const { kind } = req.query;
  if (!['small', 'large'].includes(kind)) {
    return res.sendStatus(400);
  }
  cp.execSync('make ' + kind);
  run('make ' + req.query.other); // finds A command-injection
  return res.sendStatus(200);
});

app.get('/shell', (req, res) => {
  spawn('convert', [req.query.size]);
  spawn('convert', [req.query.size], { shell: true }); // finds A command-injection
  spawn('sh', ['-c', 'convert ' + req.query.size]); // finds A command-injection
  exec('resize ' + Number(req.query.size));
  res.end();
});

// What a library's callers pass is weaker.
exports.whereis = function (name, done) {
  exec('which ' + name, done); // finds B command-injection
};

exports.stop = function (pid, done) {
  exec('kill ' + parseInt(pid, 10), done);
};
