// Expressions that take long on the wrong text.
const NAME = /^([a-z]+\s?)+$/; // finds B regex-denial-of-service
const TRIMMED = /\s+$/; // finds C regex-denial-of-service
const NUMBER = /^\d{1,3}(\.\d{1,3})*$/;
const WORDS = /^[a-z]+( [a-z]+)*$/;

exports.isName = function (text) {
  return NAME.test(text) || NUMBER.test(text) || WORDS.test(text);
};

exports.trimmed = function (text) {
  return text.replace(TRIMMED, '');
};

// Nobody else chooses this text.
exports.version = function () {
  return /^(\d+\.?)+$/.test(process.version);
};

exports.finder = function (word) {
  return new RegExp('^' + word); // finds C regex-denial-of-service
};

exports.safeFinder = function (word) {
  return new RegExp('^' + escapeRegExp(word));
};
