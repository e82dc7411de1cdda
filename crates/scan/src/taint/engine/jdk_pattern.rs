//! What is dangerous by itself in Java: broken hashes and ciphers, foreseeable
//! random numbers, and cookies.

use crate::Confidence;
use crate::taint::catalogue::rules;
use crate::taint::catalogue::rules::Rule;
use crate::taint::ir::Expr;

use super::call::{Args, Outside};
use super::interp::Interp;
use super::state::State;
use super::value::{Object, Piece, Shape, Value};

const WEAK_HASHES: &[&str] = &["MD2", "MD4", "MD5", "SHA", "SHA1", "SHA0", "RIPEMD160"];
const WEAK_CIPHERS: &[&str] = &[
    "ARCFOUR",
    "BLOWFISH",
    "DES",
    "DESEDE",
    "RC2",
    "RC4",
    "TRIPLEDES",
];
/// Ciphers that are called block ciphers and are none: the mode says nothing.
const WITHOUT_MODE: &[&str] = &["RSA", "ECIES"];

impl<'a> Interp<'a> {
    pub(super) fn check_jdk(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &State<'a>,
    ) {
        let Some(path) = outside.path.as_deref() else {
            return;
        };
        let first = args.positional.first();
        match path {
            "MessageDigest.getInstance" => {
                if let Some(name) = first.and_then(beginning) {
                    let plain = name.to_ascii_uppercase().replace('-', "");
                    if WEAK_HASHES.contains(&plain.as_str()) {
                        self.pattern(&rules::WEAK_HASH, expr, &format!("`{name}` is broken"));
                    }
                }
            }
            "DigestUtils.md5"
            | "DigestUtils.md5Hex"
            | "DigestUtils.md5DigestAsHex"
            | "DigestUtils.sha1"
            | "DigestUtils.sha1Hex"
            | "DigestUtils.sha"
            | "DigestUtils.shaHex"
            | "DigestUtils.getMd5Digest"
            | "DigestUtils.getSha1Digest"
            | "Hashing.md5"
            | "Hashing.sha1" => {
                self.pattern(&rules::WEAK_HASH, expr, "it is broken");
            }
            "Cipher.getInstance" | "KeyGenerator.getInstance" | "SecretKeyFactory.getInstance" => {
                if let Some(why) = first
                    .and_then(beginning)
                    .and_then(|name| weakness(&name, path == "Cipher.getInstance"))
                {
                    self.pattern(&rules::WEAK_CIPHER, expr, &why);
                }
            }
            "NullCipher" => self.pattern(&rules::WEAK_CIPHER, expr, "it leaves text as it is"),
            "Random" | "Math.random" | "ThreadLocalRandom.current" | "SplittableRandom" => {
                self.pattern(
                    &rules::WEAK_RANDOM,
                    expr,
                    "the numbers before it give it away",
                );
            }
            _ if path.starts_with("RandomStringUtils.random") => {
                self.pattern(
                    &rules::WEAK_RANDOM,
                    expr,
                    "the numbers before it give it away",
                );
            }
            _ => self.check_jdk_cookie(path, args, expr, state),
        }
    }

    fn pattern(&mut self, rule: &'static Rule, expr: &'a Expr, why: &str) {
        self.report(rule, expr.span, Confidence::C, None, why);
    }

    fn check_jdk_cookie(&mut self, path: &str, args: &Args<'a>, expr: &'a Expr, state: &State<'a>) {
        let off = |value: Option<&Value<'a>>| {
            value.is_some_and(|value| self.truth(value, state) == Some(false))
        };
        match path {
            "Cookie.setSecure" | "Cookie().setSecure" | "ResponseCookie.from().secure"
                if off(args.positional.first()) =>
            {
                self.report(
                    &rules::COOKIE_SECURE,
                    expr.span,
                    Confidence::B,
                    None,
                    "`secure` is not set",
                );
            }
            "Cookie.setHttpOnly" | "Cookie().setHttpOnly" if off(args.positional.first()) => {
                self.pattern(&rules::COOKIE_HTTPONLY, expr, "`HttpOnly` is not set");
            }
            "HttpServletResponse().addCookie" => {
                let Some(Shape::Object(id)) = args.positional.first().map(|value| &value.shape)
                else {
                    return;
                };
                let Some(Object::Instance {
                    path: Some(class),
                    fields,
                    ..
                }) = state.heap.get(*id)
                else {
                    return;
                };
                let has = |name: &str| fields.iter().find(|(each, _)| &**each == name);
                // A cookie that is taken back holds nothing.
                let is_cleared = has("age").is_some_and(|(_, age)| age.as_int() == Some(0));
                if &**class == "Cookie" && has("secure").is_none() && !is_cleared {
                    self.report(
                        &rules::COOKIE_SECURE,
                        expr.span,
                        Confidence::B,
                        None,
                        "`secure` is not set",
                    );
                }
            }
            _ => {}
        }
    }
}

/// How a text begins that names an algorithm.
fn beginning(value: &Value<'_>) -> Option<String> {
    match &value.shape {
        Shape::Text(pieces) => match pieces.first() {
            Some(Piece::Text(text)) => Some(text.to_string()),
            _ => None,
        },
        _ => value.as_str().map(str::to_owned),
    }
}

/// Why a cipher is weak, where it is: `AES/ECB/PKCS5Padding`.
fn weakness(transformation: &str, has_mode: bool) -> Option<String> {
    let upper = transformation.to_ascii_uppercase();
    let mut parts = upper.split('/');
    let cipher = parts.next().unwrap_or_default();
    if WEAK_CIPHERS.contains(&cipher) {
        return Some(format!("`{cipher}` is broken"));
    }
    let mode = parts.next().unwrap_or("ECB");
    let is_block = has_mode && !cipher.is_empty() && !WITHOUT_MODE.contains(&cipher);
    let names_a_block_cipher = matches!(cipher, "AES" | "CAMELLIA" | "ARIA" | "TWOFISH");
    (is_block && names_a_block_cipher && mode == "ECB")
        .then(|| "equal blocks look equal in this mode".to_owned())
}
