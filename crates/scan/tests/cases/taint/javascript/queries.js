// Queries: with placeholders, or put together.
const mysql = require('mysql');
const knex = require('knex')({});
const express = require('express');
const User = require('./shop/model');
const app = express();
const pool = mysql.createPool({});

app.get('/user', (req, res) => {
  pool.query('SELECT * FROM users WHERE id = ' + req.query.id, done); // finds A sql-injection
  pool.query('SELECT * FROM users WHERE id = ?', [req.query.id], done);
  pool.query('SELECT * FROM users WHERE id = ' + mysql.escape(req.query.id), done);
  knex.raw(`select * from users where name = '${req.query.name}'`); // finds A sql-injection
  knex('users').where({ name: req.query.name });
  res.end();
});

app.post('/login', async (req, res) => {
  const found = await User.findOne({ name: req.body.name, password: req.body.password }); // finds A nosql-injection
  const other = await User.findOne({ name: String(req.body.name) });
  res.json([found.id, other.id]);
});

function done() {}

function Store(options) {
  this.table = options.table || 'sessions';
}

Store.prototype.clear = function () {
  this.run('DELETE FROM ' + this.table + ' WHERE expires < now()');
};

Store.prototype.run = function (text) {
  this.pool.query(text); // finds B sql-injection
};
