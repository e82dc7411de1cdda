// Names in archives lead anywhere.
const fs = require('fs');
const path = require('path');
const tar = require('tar-stream');

exports.extract = function (folder) {
  const extract = tar.extract();
  extract.on('entry', function (header, stream, next) {
    stream.pipe(fs.createWriteStream(path.join(folder, header.name))); // finds B path-traversal
    next();
  });
  return extract;
};

exports.extractBelow = function (folder) {
  const extract = tar.extract();
  extract.on('entry', (header, stream, next) => {
    const target = path.join(folder, header.name);
    if (!target.startsWith(folder)) {
      return next();
    }
    stream.pipe(fs.createWriteStream(target));
    return next();
  });
  return extract;
};
