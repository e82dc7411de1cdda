//! What functions of Python's libraries make of the data that they get.

use crate::taint::catalogue::Effect;
use crate::taint::kind::{Kind, Kinds};

/// Escaped for HTML.
pub(super) const HTML: Effect = Effect::Safe(Kinds::of(&[Kind::Xss, Kind::Xxe]));
/// A file's name without a directory.
pub(super) const FILE_NAME: Effect =
    Effect::Safe(Kinds::of(&[Kind::Path, Kind::Xss, Kind::Command]));

/// What quoting for an address makes harmless. It leaves slashes as they are.
const URL: Kinds = Kinds::of(&[
    Kind::Xss,
    Kind::Header,
    Kind::Sql,
    Kind::XPath,
    Kind::Ldap,
    Kind::Command,
    Kind::Code,
    Kind::Template,
]);
const URL_QUOTED: Effect = Effect::Safe(URL);
const URL_PART: Effect = Effect::Safe(URL.or(Kinds::of(&[Kind::Path, Kind::Redirect, Kind::Ssrf])));
const SQL: Effect = Effect::Safe(Kinds::of(&[Kind::Sql]));
const SHELL: Effect = Effect::Safe(Kinds::of(&[Kind::Command]));
const LDAP: Effect = Effect::Safe(Kinds::of(&[Kind::Ldap]));

pub(super) const EFFECTS: &[(&str, Effect)] = &[
    // Numbers and the like.
    ("int", Effect::Number),
    ("float", Effect::Number),
    ("bool", Effect::Number),
    ("ord", Effect::Number),
    ("abs", Effect::Number),
    ("round", Effect::Number),
    ("hash", Effect::Number),
    ("id", Effect::Number),
    ("hex", Effect::Number),
    ("range", Effect::Number),
    ("uuid.UUID", Effect::Number),
    ("decimal.Decimal", Effect::Number),
    ("datetime.datetime.strptime", Effect::Number),
    ("datetime.date.fromisoformat", Effect::Number),
    ("ipaddress.ip_address", Effect::Number),
    ("time.time", Effect::Number),
    ("os.path.exists", Effect::Number),
    ("os.path.isfile", Effect::Number),
    ("os.path.isdir", Effect::Number),
    (".is_valid", Effect::Number),
    // HTML and XML.
    ("html.escape", HTML),
    ("cgi.escape", HTML),
    ("markupsafe.escape", HTML),
    ("flask.escape", HTML),
    ("jinja2.escape", HTML),
    ("werkzeug.utils.escape", HTML),
    ("django.utils.html.escape", HTML),
    ("django.utils.html.conditional_escape", HTML),
    ("django.utils.html.format_html", HTML),
    ("django.utils.html.strip_tags", HTML),
    ("bleach.clean", HTML),
    ("xml.sax.saxutils.escape", HTML),
    ("xml.sax.saxutils.quoteattr", HTML),
    (".translate", HTML),
    ("html.unescape", Effect::Unsafe),
    // Addresses.
    ("urllib.parse.unquote", Effect::Unsafe),
    ("urllib.parse.unquote_plus", Effect::Unsafe),
    ("base64.b64decode", Effect::Unsafe),
    ("urllib.parse.quote", URL_QUOTED),
    ("urllib.parse.quote_plus", URL_PART),
    ("urllib.quote", URL_QUOTED),
    ("urllib.quote_plus", URL_PART),
    ("urllib.parse.urlencode", URL_PART),
    // Shells.
    ("shlex.quote", SHELL),
    ("pipes.quote", SHELL),
    ("shlex.split", Effect::Pass),
    // Paths.
    ("werkzeug.utils.secure_filename", FILE_NAME),
    ("secure_filename", FILE_NAME),
    ("werkzeug.utils.safe_join", FILE_NAME),
    ("werkzeug.security.safe_join", FILE_NAME),
    ("flask.safe_join", FILE_NAME),
    ("django.utils._os.safe_join", FILE_NAME),
    ("os.path.basename", FILE_NAME),
    ("posixpath.basename", FILE_NAME),
    ("ntpath.basename", FILE_NAME),
    ("os.path.realpath", Effect::Normalize),
    ("os.path.abspath", Effect::Normalize),
    ("os.path.normpath", Effect::Normalize),
    (".resolve", Effect::Normalize),
    // Queries.
    ("ldap3.utils.conv.escape_filter_chars", LDAP),
    ("ldap.filter.escape_filter_chars", LDAP),
    ("re.escape", Effect::Safe(Kinds::of(&[Kind::Regex]))),
    ("psycopg2.sql.Identifier", SQL),
    ("psycopg2.sql.Literal", SQL),
    (".escape_string", SQL),
    (".mogrify", SQL),
    // What gives an answer of its own.
    ("flask.render_template", Effect::Clean),
    ("render_template", Effect::Clean),
    ("django.shortcuts.render", Effect::Clean),
    ("flask.jsonify", Effect::Clean),
    ("jsonify", Effect::Clean),
    ("flask.make_response", Effect::Clean),
    ("make_response", Effect::Clean),
    ("flask.redirect", Effect::Clean),
    ("redirect", Effect::Clean),
    ("flask.url_for", Effect::Clean),
    ("url_for", Effect::Clean),
    ("flask.send_file", Effect::Clean),
    ("flask.send_from_directory", Effect::Clean),
    ("open", Effect::Clean),
    ("io.open", Effect::Clean),
    ("codecs.open", Effect::Clean),
    ("subprocess.run", Effect::Clean),
    ("subprocess.Popen", Effect::Clean),
    ("subprocess.call", Effect::Clean),
    ("subprocess.check_output", Effect::Clean),
    ("subprocess.check_call", Effect::Clean),
    ("os.popen", Effect::Clean),
    ("os.system", Effect::Clean),
    ("requests.get", Effect::Clean),
    ("requests.post", Effect::Clean),
    ("urllib.request.urlopen", Effect::Clean),
    ("print", Effect::Clean),
    (".execute", Effect::Clean),
    (".fetchone", Effect::Clean),
    (".fetchall", Effect::Clean),
    (".filter_by", Effect::Clean),
    (".query", Effect::Clean),
    ("hashlib.md5", Effect::Clean),
    ("hashlib.sha1", Effect::Clean),
    ("hashlib.sha256", Effect::Clean),
    ("hashlib.new", Effect::Clean),
    (".hexdigest", Effect::Clean),
    (".digest", Effect::Clean),
    ("hmac.new", Effect::Clean),
    ("bcrypt.hashpw", Effect::Clean),
    ("werkzeug.security.generate_password_hash", Effect::Clean),
    ("generate_password_hash", Effect::Clean),
];
