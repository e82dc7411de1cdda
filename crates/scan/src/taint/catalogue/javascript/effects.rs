//! What functions of JavaScript's libraries make of the data that they get.

use crate::taint::catalogue::Effect;
use crate::taint::kind::{Kind, Kinds};

/// Escaped for HTML.
pub(super) const HTML: Effect = Effect::Safe(Kinds::of(&[Kind::Xss, Kind::Xxe]));
/// A file's name without a directory.
const FILE_NAME: Effect = Effect::Safe(Kinds::of(&[Kind::Path]));
/// What quoting for an address makes harmless; it leaves quotes as they are.
const URL_PART: Effect = Effect::Safe(Kinds::of(&[
    Kind::Xss,
    Kind::Header,
    Kind::Path,
    Kind::Redirect,
    Kind::Ssrf,
    Kind::Ldap,
]));
const SQL: Effect = Effect::Safe(Kinds::of(&[Kind::Sql]));
const SHELL: Effect = Effect::Safe(Kinds::of(&[Kind::Command]));
const REGEX: Effect = Effect::Safe(Kinds::of(&[Kind::Regex]));
/// A literal of the language.
const LITERAL: Effect = Effect::Safe(Kinds::of(&[Kind::Xss, Kind::Code]));
/// Text: no object can be in its place.
const TEXT: Effect = Effect::Safe(Kinds::of(&[Kind::NoSql]));

pub(super) const EFFECTS: &[(&str, Effect)] = &[
    // Numbers and the like.
    ("parseInt", Effect::Number),
    ("parseFloat", Effect::Number),
    ("Number", Effect::Number),
    ("Number.parseInt", Effect::Number),
    ("Boolean", Effect::Number),
    ("Date", Effect::Number),
    ("isNaN", Effect::Number),
    ("Array.isArray", Effect::Number),
    ("Buffer.byteLength", Effect::Number),
    ("Math.floor", Effect::Number),
    ("Math.round", Effect::Number),
    ("Math.ceil", Effect::Number),
    ("Math.min", Effect::Number),
    ("Math.max", Effect::Number),
    ("Math.abs", Effect::Number),
    (".indexOf", Effect::Number),
    (".lastIndexOf", Effect::Number),
    (".includes", Effect::Number),
    (".hasOwnProperty", Effect::Number),
    (".charCodeAt", Effect::Number),
    (".codePointAt", Effect::Number),
    (".test", Effect::Number),
    (".search", Effect::Number),
    (".existsSync", Effect::Number),
    (".localeCompare", Effect::Number),
    // HTML.
    ("escape-html", HTML),
    ("he.encode", HTML),
    ("he.escape", HTML),
    ("html-entities.encode", HTML),
    ("entities.encode", HTML),
    ("validator.escape", HTML),
    ("lodash.escape", HTML),
    ("underscore.escape", HTML),
    ("sanitize-html", HTML),
    ("dompurify.sanitize", HTML),
    ("DOMPurify.sanitize", HTML),
    ("xss", HTML),
    ("JSON.stringify", LITERAL),
    ("JSON.parse", Effect::Unsafe),
    // Addresses.
    ("encodeURIComponent", URL_PART),
    ("encodeURI", Effect::Safe(Kinds::of(&[Kind::Header]))),
    ("querystring.stringify", URL_PART),
    ("qs.stringify", URL_PART),
    ("decodeURIComponent", Effect::Unsafe),
    ("decodeURI", Effect::Unsafe),
    ("querystring.unescape", Effect::Unsafe),
    ("atob", Effect::Unsafe),
    // Shells.
    ("shell-quote.quote", SHELL),
    ("shell-escape", SHELL),
    ("shellwords.escape", SHELL),
    // Paths.
    ("path.basename", FILE_NAME),
    ("path.extname", FILE_NAME),
    ("sanitize-filename", FILE_NAME),
    ("path.normalize", Effect::Normalize),
    ("fs.realpathSync", Effect::Normalize),
    // Queries.
    ("sqlstring.escape", SQL),
    ("mysql.escape", SQL),
    ("mysql.escapeId", SQL),
    ("mysql2.escape", SQL),
    ("pg-format", SQL),
    ("escape-string-regexp", REGEX),
    ("lodash.escapeRegExp", REGEX),
    ("String", TEXT),
    (".toString", TEXT),
    // What gives an answer of its own.
    ("fs.readFile", Effect::Clean),
    ("fs.readFileSync", Effect::Clean),
    ("fs.readdirSync", Effect::Clean),
    ("fs.statSync", Effect::Clean),
    ("fs.createReadStream", Effect::Clean),
    ("fs.createWriteStream", Effect::Clean),
    ("child_process.exec", Effect::Clean),
    ("child_process.execSync", Effect::Clean),
    ("child_process.spawn", Effect::Clean),
    ("child_process.spawnSync", Effect::Clean),
    ("child_process.execFile", Effect::Clean),
    ("console.log", Effect::Clean),
    (".query", Effect::Clean),
    (".findOne", Effect::Clean),
    (".findById", Effect::Clean),
    (".createHash", Effect::Clean),
    (".digest", Effect::Clean),
    ("bcrypt.hash", Effect::Clean),
    ("bcrypt.compare", Effect::Clean),
];
