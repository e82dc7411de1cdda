# A package from a local tarball, with a script that runs when it is installed.
# needs: node npm tar
export npm_config_cache=$PWD/cache npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
export npm_config_offline=true npm_config_loglevel=error
mkdir -p dep/bin app
echo '{"name":"dep","version":"1.2.3","bin":{"greet":"bin/greet.js"},"scripts":{"postinstall":"echo at install >made"}}' >dep/package.json
echo 'module.exports = x => x * 2' >dep/index.js
printf '#!/usr/bin/env node\nconsole.log("hello", process.argv[2])\n' >dep/bin/greet.js
(cd dep && npm pack --silent)
cd app
echo '{"name":"app","version":"0.0.1","scripts":{"test":"node test.js && greet you"}}' >package.json
echo 'require("assert").equal(require("dep")(21), 42); console.log("tested")' >test.js
npm install --silent --install-links --foreground-scripts ../dep/dep-1.2.3.tgz >/dev/null
node -p 'Object.keys(require("./package-lock.json").packages).join()'
cat node_modules/dep/made
npm test --silent
rm -r node_modules && npm ci --silent >/dev/null && npm run --silent test
npm run --silent nothing 2>/dev/null || echo "no such script: $?"
