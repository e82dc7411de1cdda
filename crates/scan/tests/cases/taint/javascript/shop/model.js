// What the other files of the shop use.
const { execSync } = require('child_process');

function archive(name) {
  return execSync('tar cf ' + name + '.tar .'); // finds A command-injection
}

const UserModel = { archive };

module.exports = UserModel;
module.exports.archive = archive;
module.exports.isSafeName = (name) => /^[a-z]+$/.test(name);
