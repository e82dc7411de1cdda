// An application with one hole of each kind, and for each something that looks
// like it and is none.
const fs = require('fs');
const path = require('path');
const http = require('http');
const { exec, execFile } = require('child_process');
const express = require('express');
const mysql = require('mysql');
const app = express();
const api = express.Router();
const db = mysql.createConnection({ host: 'localhost' });
app.use(express.urlencoded({ extended: true }));
app.use(express.json());

const escape = text => String(text).replace(/[&<>"']/g, c => '&#' + c.charCodeAt(0) + ';');

api.get('/search', (req, res) => {
  db.query("SELECT id FROM people WHERE name = '" + req.query.q + "'", (error, rows) => res.json(rows));
});
api.get('/safe/search', (req, res) => {
  db.query('SELECT id FROM people WHERE name = ?', [req.query.q], (error, rows) => res.json(rows));
});
app.use('/api', api);

app.post('/calculate', (req, res) => {
  const { rate } = req.body;
  res.json({ rate: eval(rate) });
});
app.post('/safe/calculate', (req, res) => {
  res.json({ rate: Number(req.body.rate) });
});

app.get('/run', (req, res) => {
  exec('echo ' + req.query.host, () => res.send('done'));
});
app.get('/safe/run', (req, res) => {
  execFile('echo', [String(req.query.host)], () => res.send('done'));
});

app.get('/file/:name', (req, res) => {
  fs.readFile(path.join(__dirname, 'public', req.params.name), (error, data) => res.send(error ? 'none' : data));
});
app.get('/safe/file/:name', (req, res) => {
  const file = path.join(__dirname, 'public', path.basename(req.params.name));
  fs.readFile(file, (error, data) => res.send(error ? 'none' : data));
});

app.get('/hello', (req, res) => res.send('<p>Hello ' + req.query.name));
app.get('/safe/hello', (req, res) => res.send('<p>Hello ' + escape(req.query.name)));

app.get('/go', (req, res) => res.redirect(req.query.next));
app.get('/safe/go', (req, res) => res.redirect(/^\/\w*$/.test(req.query.next) ? req.query.next : '/'));

app.get('/reach', (req, res) => {
  http.get(req.query.url, answer => answer.resume().on('end', () => res.send('reached'))).on('error', () => res.send('no'));
});

app.listen(3000);
