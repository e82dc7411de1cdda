// What is weak by itself.
const crypto = require('crypto');
const jwt = require('jsonwebtoken');

exports.digest = function (text) {
  return [
    crypto.createHash('md5').update(text), // finds C weak-hash
    crypto.createHash('sha256').update(text),
  ];
};

exports.makeToken = function () {
  return Math.random().toString(36); // finds C weak-random
};

exports.shuffle = function (cards) {
  return cards.sort(() => Math.random() - 0.5);
};

exports.who = function (token, key) {
  jwt.verify(token, key);
  return jwt.verify(token, null); // finds A unverified-token
};
