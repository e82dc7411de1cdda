const axios = require('axios');
const { exec, execSync } = require("child_process");
const https = require('https');
const path = require('path');
const express = require('express');
const { Pool } = require('pg');

const app = express();
const pool = new Pool();
const ROOT = path.join(__dirname, 'public');

app.get('/search', async (req, res) => {
  const name = req.query.name;
  const rows = await pool.query(`SELECT * FROM goods WHERE name LIKE '%${name}%' AND price < ${req.query.price}`); // fix sql-injection
  res.send("<p>" + name + ": " + rows.length + "</p>"); // fix cross-site-scripting
});

app.get('/one', (req, res) => {
  const sql = "SELECT * FROM goods WHERE id = '" + req.query.id + "'";
  pool.query(sql, (error, rows) => res.json(rows)); // fix sql-injection
});

app.get('/order', (req, res) => {
  pool.query("SELECT * FROM goods ORDER BY " + req.query.by, (error, rows) => res.json(rows)); // fix sql-injection
});

app.get('/ping', (req, res) => {
  exec(`ping -c 1 ${req.query.host}`, (error, out) => res.json({ out })); // fix command-injection
});

app.get('/tar', (req, res) => {
  res.json({ out: execSync("tar -tf '/srv/" + req.query.name + ".tar'").toString() }); // fix command-injection
});

app.get('/pipe', (req, res) => {
  exec("cat " + req.query.name + " | wc", () => res.end()); // fix command-injection
});

app.get('/file', (req, res) => {
  res.sendFile(path.join(ROOT, req.query.name)); // fix path-traversal
});

app.get('/cookie', (req, res) => {
  res.cookie('a', '1', { httpOnly: false }); // fix cookie-without-secure
  res.end();
});

app.get('/call', async (req, res) => {
  const agent = new https.Agent({ rejectUnauthorized: false }); // fix tls-verification-off
  const answer = await axios.get('https://a.example.org/', { httpsAgent: agent }); // fix outbound-without-timeout
  res.json(answer.data);
});
