// Paths: below a folder or anywhere.
const fs = require('fs');
const path = require('path');
const http = require('http');
const url = require('url');

const ROOT = path.join(__dirname, 'public');

http
  .createServer(function (req, res) {
    const name = url.parse(req.url).pathname;
    fs.readFile(path.join(ROOT, name), (error, text) => res.end(text)); // finds A path-traversal
    fs.readFile(path.join(ROOT, path.basename(name)), () => {});
    const file = path.join(ROOT, name);
    if (file.indexOf(ROOT) !== 0) {
      return res.end();
    }
    fs.createReadStream(file).pipe(res);
    return undefined;
  })
  .listen(80);

http.createServer((req, res) => {
  const name = req.url;
  if (name.includes('..')) {
    res.statusCode = 400;
    return res.end();
  }
  fs.readFile(ROOT + name, () => {});
  return res.end();
});

// The name is what the caller means: nothing is put together.
exports.read = function (name) {
  return fs.readFileSync(name);
};

exports.readBelow = function (name) {
  return fs.readFileSync('./data/' + name); // finds B path-traversal
};
