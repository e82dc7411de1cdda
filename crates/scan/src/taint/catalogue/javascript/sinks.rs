//! Calls of JavaScript's libraries that do harm with data of strangers.

use crate::taint::catalogue::{Arg, Sink, When};
use crate::taint::kind::Kind;

const fn sink(name: &'static str, kind: Kind, at: usize, when: When) -> Sink {
    Sink {
        name,
        kind,
        arg: Arg::At(at, ""),
        when,
    }
}

const fn always(name: &'static str, kind: Kind, at: usize) -> Sink {
    sink(name, kind, at, When::Always)
}

const fn any(name: &'static str, kind: Kind) -> Sink {
    Sink {
        name,
        kind,
        arg: Arg::Any,
        when: When::Always,
    }
}

/// Every table.
pub(super) const ALL: &[&[Sink]] = &[
    DATABASES, DOCUMENTS, PROCESSES, CODE, FILES, PAGES, ADDRESSES, OBJECTS,
];

const ANSWER: When = When::On(&["http.response"]);
const MODEL: When = When::On(&[
    "user",
    "model",
    "collection",
    "db",
    "mongo",
    "schema",
    "account",
    "repository",
]);

const DATABASES: &[Sink] = &[
    sink(".query", Kind::Sql, 0, When::Query),
    sink(".execute", Kind::Sql, 0, When::Query),
    sink(".all", Kind::Sql, 0, When::Query),
    sink(".each", Kind::Sql, 0, When::Query),
    sink(".run", Kind::Sql, 0, When::Query),
    sink(".prepare", Kind::Sql, 0, When::Query),
    sink(".exec", Kind::Sql, 0, When::Query),
    sink(".raw", Kind::Sql, 0, When::Built),
    sink(".whereRaw", Kind::Sql, 0, When::Built),
    sink(".havingRaw", Kind::Sql, 0, When::Built),
    sink(".orderByRaw", Kind::Sql, 0, When::Built),
    sink(".joinRaw", Kind::Sql, 0, When::Built),
    always(".$queryRawUnsafe", Kind::Sql, 0),
    always(".$executeRawUnsafe", Kind::Sql, 0),
    always("sequelize.literal", Kind::Sql, 0),
    sink(
        ".query",
        Kind::Sql,
        0,
        When::On(&[
            "sequelize",
            "pool",
            "connection",
            "conn",
            "knex",
            "client",
            "mysql",
            "pg",
        ]),
    ),
];

const DOCUMENTS: &[Sink] = &[
    sink(".find", Kind::NoSql, 0, MODEL),
    sink(".findOne", Kind::NoSql, 0, MODEL),
    sink(".findOneAndUpdate", Kind::NoSql, 0, MODEL),
    sink(".findOneAndDelete", Kind::NoSql, 0, MODEL),
    sink(".updateOne", Kind::NoSql, 0, MODEL),
    sink(".updateMany", Kind::NoSql, 0, MODEL),
    sink(".deleteOne", Kind::NoSql, 0, MODEL),
    sink(".deleteMany", Kind::NoSql, 0, MODEL),
    sink(".countDocuments", Kind::NoSql, 0, MODEL),
    sink(".aggregate", Kind::NoSql, 0, MODEL),
    always(".$where", Kind::Code, 0),
    always(".mapReduce", Kind::Code, 0),
];

const PROCESSES: &[Sink] = &[
    always("child_process.exec", Kind::Command, 0),
    always("child_process.execSync", Kind::Command, 0),
    always("mz/child_process.exec", Kind::Command, 0),
    always("child-process-promise.exec", Kind::Command, 0),
    always("shelljs.exec", Kind::Command, 0),
    always("execa.command", Kind::Command, 0),
    always("execa.shell", Kind::Command, 0),
    always("execSync", Kind::Command, 0),
    always("exec-sync", Kind::Command, 0),
    always("promise-exec", Kind::Command, 0),
    always("sync-exec", Kind::Command, 0),
    always("node-cmd.run", Kind::Command, 0),
    always("node-cmd.get", Kind::Command, 0),
    sink("child_process.spawn", Kind::Command, 0, When::Spawn),
    sink("child_process.spawnSync", Kind::Command, 0, When::Spawn),
    sink("child_process.execFile", Kind::Command, 0, When::Spawn),
    sink("child_process.execFileSync", Kind::Command, 0, When::Spawn),
    sink("mz/child_process.execFile", Kind::Command, 0, When::Spawn),
    sink("execa", Kind::Command, 0, When::Spawn),
    sink("cross-spawn", Kind::Command, 0, When::Spawn),
];

const CODE: &[Sink] = &[
    always("eval", Kind::Code, 0),
    any("Function", Kind::Code),
    always("vm.runInThisContext", Kind::Code, 0),
    always("vm.runInNewContext", Kind::Code, 0),
    always("vm.runInContext", Kind::Code, 0),
    always("vm.compileFunction", Kind::Code, 0),
    always("vm.Script", Kind::Code, 0),
    always("safe-eval", Kind::Code, 0),
    always("safer-eval", Kind::Code, 0),
    sink("setTimeout", Kind::Code, 0, When::Built),
    sink("setInterval", Kind::Code, 0, When::Built),
    always("RegExp", Kind::Regex, 0),
    always("ejs.render", Kind::Template, 0),
    always("pug.compile", Kind::Template, 0),
    always("pug.render", Kind::Template, 0),
    always("jade.compile", Kind::Template, 0),
    always("jade.render", Kind::Template, 0),
    always("handlebars.compile", Kind::Template, 0),
    always("Handlebars.compile", Kind::Template, 0),
    always("lodash.template", Kind::Template, 0),
    always("underscore.template", Kind::Template, 0),
    always("nunjucks.renderString", Kind::Template, 0),
    always("dot.template", Kind::Template, 0),
];

const FILES: &[Sink] = &[
    always("fs.readFile", Kind::Path, 0),
    always("fs.readFileSync", Kind::Path, 0),
    always("fs.createReadStream", Kind::Path, 0),
    always("fs.createWriteStream", Kind::Path, 0),
    always("fs.writeFile", Kind::Path, 0),
    always("fs.writeFileSync", Kind::Path, 0),
    always("fs.appendFile", Kind::Path, 0),
    always("fs.appendFileSync", Kind::Path, 0),
    always("fs.open", Kind::Path, 0),
    always("fs.openSync", Kind::Path, 0),
    always("fs.readdir", Kind::Path, 0),
    always("fs.readdirSync", Kind::Path, 0),
    always("fs.unlink", Kind::Path, 0),
    always("fs.unlinkSync", Kind::Path, 0),
    always("fs.rmdir", Kind::Path, 0),
    always("fs.rename", Kind::Path, 0),
    always("fs.mkdir", Kind::Path, 0),
    always("fs.symlink", Kind::Path, 1),
    always("fs.link", Kind::Path, 0),
    always("fs.link", Kind::Path, 1),
    always("fs.utimes", Kind::Path, 0),
    always("fs.chmod", Kind::Path, 0),
    always("mkdirp", Kind::Path, 0),
    always("mkdirp.sync", Kind::Path, 0),
    always("make-dir", Kind::Path, 0),
    always("fs.stat", Kind::Path, 0),
    always("fs.lstat", Kind::Path, 0),
    always("fs.statSync", Kind::Path, 0),
    always("fs.exists", Kind::Path, 0),
    always("fs.existsSync", Kind::Path, 0),
    always("fs.access", Kind::Path, 0),
    always("fs.promises.readFile", Kind::Path, 0),
    always("fs.promises.writeFile", Kind::Path, 0),
    always("fs.promises.unlink", Kind::Path, 0),
    always("fs/promises.readFile", Kind::Path, 0),
    always("fs/promises.writeFile", Kind::Path, 0),
    always("fs/promises.unlink", Kind::Path, 0),
    always("fs-extra.readFile", Kind::Path, 0),
    always("fs-extra.readFileSync", Kind::Path, 0),
    always("fs-extra.writeFile", Kind::Path, 0),
    always("fs-extra.remove", Kind::Path, 0),
    always("graceful-fs.readFile", Kind::Path, 0),
    always("graceful-fs.readFileSync", Kind::Path, 0),
    always("graceful-fs.writeFile", Kind::Path, 0),
    always("graceful-fs.createWriteStream", Kind::Path, 0),
    always("fstream.Writer", Kind::Path, 0),
    sink(".sendFile", Kind::Path, 0, ANSWER),
    sink(".sendfile", Kind::Path, 0, ANSWER),
    sink(".download", Kind::Path, 0, ANSWER),
];

const PAGES: &[Sink] = &[
    sink(".send", Kind::Xss, 0, ANSWER),
    sink(".end", Kind::Xss, 0, ANSWER),
    sink(".write", Kind::Xss, 0, ANSWER),
    always("document.write", Kind::Xss, 0),
    always("document.writeln", Kind::Xss, 0),
    always(".insertAdjacentHTML", Kind::Xss, 1),
    always(".createContextualFragment", Kind::Xss, 0),
    sink(".html", Kind::Xss, 0, When::Built),
    sink(".setHeader", Kind::Header, 1, ANSWER),
];

const ADDRESSES: &[Sink] = &[
    sink(".redirect", Kind::Redirect, 0, ANSWER),
    sink(".redirect", Kind::Redirect, 1, ANSWER),
    sink(".redirect", Kind::Redirect, 0, When::On(&["koa.context"])),
    always("request", Kind::Ssrf, 0),
    always("request.get", Kind::Ssrf, 0),
    always("request.post", Kind::Ssrf, 0),
    always("request-promise", Kind::Ssrf, 0),
    always("request-promise.get", Kind::Ssrf, 0),
    always("request-promise-native", Kind::Ssrf, 0),
    always("axios", Kind::Ssrf, 0),
    always("axios.get", Kind::Ssrf, 0),
    always("axios.post", Kind::Ssrf, 0),
    always("axios.request", Kind::Ssrf, 0),
    always("got", Kind::Ssrf, 0),
    always("got.get", Kind::Ssrf, 0),
    always("fetch", Kind::Ssrf, 0),
    always("node-fetch", Kind::Ssrf, 0),
    always("needle.get", Kind::Ssrf, 0),
    always("needle", Kind::Ssrf, 1),
    always("superagent.get", Kind::Ssrf, 0),
    always("http.get", Kind::Ssrf, 0),
    always("http.request", Kind::Ssrf, 0),
    always("https.get", Kind::Ssrf, 0),
    always("https.request", Kind::Ssrf, 0),
    always("undici.request", Kind::Ssrf, 0),
];

const OBJECTS: &[Sink] = &[
    always("node-serialize.unserialize", Kind::Deserialize, 0),
    always("serialize-to-js.deserialize", Kind::Deserialize, 0),
    always("funcster.deepDeserialize", Kind::Deserialize, 0),
    always("js-yaml.load", Kind::Deserialize, 0),
    always("v8.deserialize", Kind::Deserialize, 0),
    any("lodash.merge", Kind::Prototype),
    any("lodash.mergeWith", Kind::Prototype),
    any("lodash.defaultsDeep", Kind::Prototype),
    always("lodash.set", Kind::Prototype, 1),
    always("lodash.setWith", Kind::Prototype, 1),
    any("jquery.extend", Kind::Prototype),
    any("deep-extend", Kind::Prototype),
    any("deepmerge", Kind::Prototype),
    any("merge-deep", Kind::Prototype),
    always("dot-prop.set", Kind::Prototype, 1),
    always("object-path.set", Kind::Prototype, 1),
    sink("libxmljs.parseXml", Kind::Xxe, 0, When::Option("noent")),
    sink(
        "libxmljs.parseXmlString",
        Kind::Xxe,
        0,
        When::Option("noent"),
    ),
    sink("libxmljs2.parseXml", Kind::Xxe, 0, When::Option("noent")),
    sink("libxmljs.parse", Kind::Xxe, 0, When::Option("noent")),
    always("xpath.select", Kind::XPath, 0),
    always("xpath.parse", Kind::XPath, 0),
    sink(".search", Kind::Ldap, 1, When::On(&["ldap", "client"])),
];
