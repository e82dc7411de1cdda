// Keys that lead out of an object.
exports.merge = function merge(target, source) {
  for (const key in source) {
    if (typeof source[key] === 'object' && typeof target[key] === 'object') {
      merge(target[key], source[key]);
    } else {
      target[key] = source[key]; // finds B prototype-pollution
    }
  }
  return target;
};

exports.mergeSafely = function mergeSafely(target, source) {
  for (const key in source) {
    if (key === '__proto__' || key === 'constructor') {
      continue;
    }
    if (typeof source[key] === 'object' && typeof target[key] === 'object') {
      mergeSafely(target[key], source[key]);
    } else {
      target[key] = source[key];
    }
  }
  return target;
};

exports.set = function (object, path, value) {
  const parts = path.split('.');
  let place = object;
  for (let i = 0; i < parts.length - 1; i++) {
    const part = parts[i];
    place = place[part];
  }
  const last = parts.pop();
  place[last] = value; // finds B prototype-pollution
};

const refused = ['__proto__', 'constructor', 'prototype'];
const isRefused = (part) => refused.includes(part);

exports.setSafely = function (object, path, value) {
  let place = object;
  const parts = path.split('.');
  if (parts.some(isRefused)) {
    return;
  }
  for (let i = 0; i < parts.length - 1; i++) {
    const part = parts[i];
    place = place[part];
  }
  const last = parts.pop();
  place[last] = value;
};

// Flat copies reach no other object.
exports.copy = function (source) {
  const made = {};
  for (const key of Object.keys(source)) {
    made[key] = source[key];
  }
  return made;
};
