//! What is dangerous by itself, whoever's data is in it: broken hashes,
//! foreseeable random numbers, cookies, and passwords in the code.

use crate::Confidence;
use crate::taint::catalogue::rules;
use crate::taint::ir::{Const, Expr, Param, Span};

use super::call::{Args, Outside};
use super::interp::Interp;
use super::sink::target_name;
use super::state::State;
use super::value::{Shape, Value};

const WEAK_HASHES: &[&str] = &["md5", "md4", "md2", "sha1", "sha", "ripemd160"];
const RANDOM: &[&str] = &[
    "random",
    "randint",
    "randrange",
    "choice",
    "choices",
    "sample",
    "shuffle",
    "uniform",
    "getrandbits",
    "randbytes",
    "normalvariate",
    "gauss",
    "betavariate",
    "expovariate",
    "triangular",
    "lognormvariate",
    "vonmisesvariate",
    "gammavariate",
    "paretovariate",
    "weibullvariate",
];
const CREDENTIAL_WORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "secret",
    "api_key",
    "apikey",
    "token",
    "private_key",
    "access_key",
    "secret_key",
];
/// Words that make such a name that of something else.
const OTHER_WORDS: &[&str] = &[
    "field",
    "label",
    "name",
    "url",
    "path",
    "file",
    "hash",
    "regex",
    "pattern",
    "header",
    "prompt",
    "message",
    "msg",
    "text",
    "title",
    "placeholder",
    "help",
    "error",
    "type",
    "expire",
    "length",
    "min",
    "max",
    "column",
    "param",
    "endpoint",
    "csrf",
    "reset",
    "re_",
    "_re",
    "form",
    "template",
    "query",
    "format",
    "input",
    "id",
    "env",
    "var",
];

impl<'a> Interp<'a> {
    pub(super) fn check_pattern(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &State<'a>,
    ) {
        if self.is_script() {
            self.check_cost(outside, args, expr, state);
            return self.check_script_pattern(outside, args, expr, state);
        }
        if let Some(path) = &outside.path {
            let path = std::rc::Rc::clone(path);
            self.check_crypto(&path, args, expr);
        }
        if self.profile.types.is_some() {
            return self.check_jdk(outside, args, expr, state);
        }
        self.check_expression(outside, args, expr, state);
        match outside.method {
            "set_cookie" => self.check_cookie(args, expr, state),
            "encode" | "decode"
                if outside.path.as_deref().is_some_and(|path| {
                    path.ends_with("jwt.decode") || path.ends_with("jwt.encode")
                }) =>
            {
                if outside.method == "decode" {
                    self.check_token(args, expr, state);
                }
                if let Some(key) = args.get(1, "key") {
                    self.check_credential("secret_key", key, expr.span);
                }
            }
            _ => {}
        }
        for (name, value) in &args.named {
            self.check_credential(name, value, expr.span);
        }
    }

    /// An expression with repeats in repeats, on a text that is not constant.
    fn check_expression(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &State<'a>,
    ) {
        if !matches!(
            outside.method,
            "match" | "fullmatch" | "search" | "findall" | "finditer" | "sub" | "split"
        ) {
            return;
        }
        let (pattern, text) = match outside.path.as_deref() {
            Some(
                "re.match" | "re.fullmatch" | "re.search" | "re.findall" | "re.finditer"
                | "re.split",
            ) => (args.positional.first().cloned(), args.positional.get(1)),
            Some("re.sub") => (args.positional.first().cloned(), args.positional.get(2)),
            _ => (
                outside
                    .receiver
                    .as_ref()
                    .and_then(|receiver| compiled(receiver, state)),
                args.positional.first(),
            ),
        };
        let (Some(pattern), Some(text)) = (pattern, text) else {
            return;
        };
        let Some(taint) = state
            .heap
            .taints(text)
            .iter()
            .find(|taint| !taint.safe.has(crate::taint::kind::Kind::Regex))
            .copied()
        else {
            return;
        };
        if pattern
            .as_str()
            .is_some_and(super::regex_text::repeats_repeats)
        {
            let confidence = if self.is_strong(&taint) {
                Confidence::A
            } else {
                Confidence::B
            };
            self.report(
                &rules::REGEX,
                expr.span,
                confidence,
                Some(taint),
                "it is compared with repeats in repeats",
            );
        }
    }

    fn check_crypto(&mut self, path: &str, args: &Args<'a>, expr: &'a Expr) {
        let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
        match module {
            "hashlib" => {
                let named = args
                    .get(0, "name")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let algorithm = if name == "new" { named } else { name };
                let on_purpose = matches!(
                    args.named("usedforsecurity").map(|value| &value.shape),
                    Some(Shape::Const(Const::Bool(false)))
                );
                if WEAK_HASHES.contains(&algorithm.to_ascii_lowercase().replace('-', "").as_str())
                    && !on_purpose
                {
                    self.report(
                        &rules::WEAK_HASH,
                        expr.span,
                        Confidence::C,
                        None,
                        &format!("`{algorithm}` is broken"),
                    );
                }
            }
            "Crypto.Hash.MD5" | "Crypto.Hash.SHA" | "Crypto.Hash.SHA1" | "Cryptodome.Hash.MD5"
                if name == "new" =>
            {
                self.report(
                    &rules::WEAK_HASH,
                    expr.span,
                    Confidence::C,
                    None,
                    "it is broken",
                );
            }
            "Crypto.Cipher.DES"
            | "Crypto.Cipher.DES3"
            | "Crypto.Cipher.ARC4"
            | "Crypto.Cipher.ARC2"
            | "Crypto.Cipher.Blowfish"
                if name == "new" =>
            {
                self.report(
                    &rules::WEAK_CIPHER,
                    expr.span,
                    Confidence::C,
                    None,
                    "it is broken",
                );
            }
            "Crypto.Cipher.AES" if name == "new" => {
                if args
                    .get(1, "mode")
                    .and_then(Value::as_path)
                    .is_some_and(|mode| mode.ends_with("MODE_ECB"))
                {
                    self.report(
                        &rules::WEAK_CIPHER,
                        expr.span,
                        Confidence::C,
                        None,
                        "equal blocks look equal in this mode",
                    );
                }
            }
            "random" | "numpy.random" if RANDOM.contains(&name) => {
                self.report(
                    &rules::WEAK_RANDOM,
                    expr.span,
                    Confidence::C,
                    None,
                    "the numbers before it give it away",
                );
            }
            "tempfile" if name == "mktemp" => {
                self.report(
                    &rules::TEMP,
                    expr.span,
                    Confidence::C,
                    None,
                    "the name is known before the file is there",
                );
            }
            _ => {
                if matches!(name, "MD5" | "SHA1") && module.ends_with("hashes") {
                    self.report(
                        &rules::WEAK_HASH,
                        expr.span,
                        Confidence::C,
                        None,
                        "it is broken",
                    );
                }
            }
        }
    }

    fn check_cookie(&mut self, args: &Args<'a>, expr: &'a Expr, state: &State<'a>) {
        if args.spread.is_some() {
            return;
        }
        // A cookie that is taken back holds nothing.
        let cleared = args.get(2, "max_age").and_then(Value::as_int) == Some(0);
        if cleared {
            return;
        }
        let on = |name: &str| args.named(name).map(|value| self.truth(value, state));
        let (secure, scripts) = (on("secure"), on("httponly"));
        if matches!(secure, None | Some(Some(false))) {
            self.report(
                &rules::COOKIE_SECURE,
                expr.span,
                Confidence::B,
                None,
                "`secure` is not set",
            );
        } else if matches!(scripts, None | Some(Some(false))) {
            self.report(
                &rules::COOKIE_HTTPONLY,
                expr.span,
                Confidence::C,
                None,
                "`httponly` is not set",
            );
        }
    }

    fn check_token(&mut self, args: &Args<'a>, expr: &'a Expr, state: &State<'a>) {
        let mut off = matches!(
            args.named("verify").map(|value| self.truth(value, state)),
            Some(Some(false))
        );
        if let Some(Shape::Object(id)) = args.named("options").map(|value| &value.shape)
            && let Some(super::value::Object::Map { entries, .. }) = state.heap.get(*id)
        {
            off |= entries.iter().any(|(key, value)| {
                matches!(key, Const::Str(key) if &**key == "verify_signature")
                    && self.truth(value, state) == Some(false)
            });
        }
        if off {
            self.report(
                &rules::JWT,
                expr.span,
                Confidence::A,
                None,
                "its signature is not looked at",
            );
        }
    }

    /// `password = "…"`.
    pub(super) fn check_literal(&mut self, target: &Expr, value: &Value<'a>) {
        if let Some(name) = target_name(target)
            && matches!(target.kind, crate::taint::ir::ExprKind::Name(_))
        {
            self.check_credential(name, value, target.span);
        }
    }

    /// `{"password": "…"}`: one entry of a literal.
    pub(super) fn check_entry(&mut self, key: &Const, value: &Expr, value_of: &Value<'a>) {
        if let Const::Str(name) = key {
            self.check_credential(name, value_of, value.span);
        }
    }

    /// `def connect(password="…")`.
    pub(super) fn check_default(&mut self, param: &Param, default: &Expr) {
        if let Some(text) = default.as_str() {
            self.check_credential(&param.name, &Value::str(text), default.span);
        }
    }

    pub(super) fn check_credential(&mut self, name: &str, value: &Value<'a>, span: Span) {
        if self.is_quiet() {
            return;
        }
        let Shape::Const(Const::Str(text) | Const::Bytes(text)) = &value.shape else {
            return;
        };
        let place = (
            self.frame.module,
            self.frame.function.map(|function| function.span),
            name.to_owned(),
        );
        if is_credential_name(name)
            && is_credential_text(name, text)
            && self.credentials.insert(place)
        {
            self.report(
                &rules::CREDENTIAL,
                span,
                Confidence::B,
                None,
                &format!("`{name}` is constant"),
            );
        }
    }
}

/// The expression that `re.compile` was given.
fn compiled<'a>(receiver: &Value<'a>, state: &State<'a>) -> Option<Value<'a>> {
    let Shape::Object(id) = receiver.shape else {
        return None;
    };
    match state.heap.get(id)? {
        super::value::Object::Instance { fields, .. } => fields
            .iter()
            .find(|(name, _)| matches!(&**name, "pattern" | "buffer"))
            .map(|(_, value)| value.clone()),
        _ => None,
    }
}

fn is_credential_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let at = CREDENTIAL_WORDS
        .iter()
        .find_map(|word| lower.rfind(word).map(|at| (at, at + word.len())));
    let Some((start, end)) = at else {
        return false;
    };
    let rest = [&lower[..start], &lower[end..]];
    !rest.iter().any(|part| {
        part.split(['_', '-', ' '])
            .any(|word| OTHER_WORDS.contains(&word))
    })
}

/// What an application signs its sessions with: any text does for that.
fn is_signing_key(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("secret_key")
}

/// Whether a text is a value rather than a word about one.
fn is_credential_text(name: &str, text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let placeholder = [
        "changeme",
        "change_me",
        "xxx",
        "your",
        "example",
        "placeholder",
        "<",
        "${",
        "{{",
        "todo",
        "none",
        "***",
        "%(",
    ];
    text.len() >= 4
        && text.len() <= 200
        && (is_signing_key(name) || !text.contains(char::is_whitespace))
        && !lower.starts_with("http")
        && !lower.starts_with('/')
        && lower != name.to_ascii_lowercase()
        && !placeholder.iter().any(|word| lower.contains(word))
}
