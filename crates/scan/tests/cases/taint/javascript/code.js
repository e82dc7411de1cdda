// Code, templates and objects out of data.
const vm = require('vm');
const _ = require('lodash');
const ejs = require('ejs');
const serialize = require('node-serialize');
const express = require('express');
const app = express();

app.post('/run', (req, res) => {
  eval(req.body.code); // finds A code-injection
  vm.runInNewContext(req.body.code); // finds A code-injection
  new Function('a', 'return ' + req.body.code); // finds A code-injection
  const value = JSON.parse(req.body.text);
  res.json(value);
});

app.post('/page', (req, res) => {
  const page = ejs.render(req.body.template, {}); // finds A template-injection
  const other = ejs.render('<%= name %>', { name: req.body.name });
  res.json([page, other]);
});

app.post('/load', (req, res) => {
  const state = serialize.unserialize(req.body.state); // finds A unsafe-deserialization
  res.json(state);
});

app.post('/settings', (req, res) => {
  const settings = _.merge({}, req.body); // finds A prototype-pollution
  res.json(settings);
});

exports.compile = function (format) {
  return new Function('value', 'return "' + format + '"'); // finds B code-injection
};

exports.compileQuoted = function (format) {
  return new Function('value', 'return ' + JSON.stringify(format));
};
