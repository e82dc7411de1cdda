// Pages, addresses and cookies.
const express = require('express');
const escapeHtml = require('escape-html');
const axios = require('axios');
const router = express.Router();

router.get('/hello', (req, res) => {
  res.send('<p>Hello ' + req.query.name + '</p>'); // finds A cross-site-scripting
});

router.get('/hello-again', (req, res) => {
  res.send(`<p>Hello ${escapeHtml(req.query.name)}</p>`);
});

router.get('/data', (req, res) => {
  res.json({ name: req.query.name });
  res.send({ name: req.query.name });
});

router.get('/go', (req, res) => {
  res.redirect(req.query.to); // finds A open-redirect
});

router.get('/go-here', (req, res) => {
  res.redirect('/pages/' + req.query.page);
});

router.get('/fetch', async (req, res) => {
  const answer = await axios.get(req.query.url); // finds A server-side-request-forgery
  const other = await axios.get('https://api.example.com/' + req.query.id);
  res.json([answer.status, other.status]);
});

router.post('/enter', (req, res) => {
  res.cookie('session', '1'); // finds B cookie-without-secure
  res.cookie('session', '1', { secure: true }); // finds C cookie-without-httponly
  res.cookie('session', '1', { secure: true, httpOnly: true });
  res.end();
});

function show() {
  document.getElementById('a').innerHTML = location.hash.slice(1); // finds A cross-site-scripting
  document.getElementById('a').textContent = location.hash.slice(1);
}

show();
