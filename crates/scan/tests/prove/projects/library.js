// Functions that others call: some do harm with what they are given.
const { exec, execFile } = require('child_process');

function ping(host, done) {
  exec('true ' + host, done);
}
exports.ping = ping;
exports.safePing = function safePing(host, done) {
  execFile('true', [host], done);
};
class Runner {
  run(rules, expression) {
    return eval(expression);
  }
}
exports.Runner = Runner;
function hidden(words) {
  exec(words);
}
