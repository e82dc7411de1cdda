//! Puts secrets where they belong: in one header, for named hosts.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use zeroize::Zeroizing;

use crate::Secret;
use crate::dial::Target;
use crate::event::SecretUse;
use crate::mask::Needles;
use crate::session::Session;

/// What is looked for in the answers of a host; none if it gets no secret.
pub fn needles(session: &Session, target: &Target, encrypted: bool) -> Option<Arc<Needles>> {
    let mine = of(session, target, encrypted);
    let needles = Needles::new(mine.map(Secret::value));
    (!needles.is_empty()).then(|| Arc::new(needles))
}

/// The secrets that belong to a host.
pub fn of<'a>(
    session: &'a Session,
    target: &'a Target,
    encrypted: bool,
) -> impl Iterator<Item = &'a Secret> {
    let all = session.way.secrets.iter();
    all.filter(move |secret| secret.is_for(&target.host, target.port, encrypted))
}

/// Puts the values in. A placeholder in any other place stays what it is, and
/// is told of.
pub fn put(
    session: &Session,
    target: &Target,
    encrypted: bool,
    uri: &Uri,
    headers: &mut HeaderMap,
) {
    let host = format!("{}:{}", target.host, target.port);
    for secret in &session.way.secrets {
        let is_for = secret.is_for(&target.host, target.port, encrypted);
        let tell = |what| session.secret_used(secret, what, &host);
        if uri.to_string().contains(secret.placeholder()) {
            tell(SecretUse::Misdirected);
        }
        for (name, value) in headers.iter_mut() {
            let Some(filled) = filled(secret, name, value) else {
                continue;
            };
            if is_for && name == secret.header() {
                *value = filled;
                tell(SecretUse::Inserted);
            } else {
                tell(SecretUse::Misdirected);
            }
        }
    }
}

/// A header's value with the secret in the placeholder's place; none if the
/// placeholder is not in it.
fn filled(secret: &Secret, name: &HeaderName, value: &HeaderValue) -> Option<HeaderValue> {
    let text = value.to_str().ok()?;
    let full = if text.contains(secret.placeholder()) {
        Zeroizing::new(text.replace(secret.placeholder(), secret.value().reveal()))
    } else if name == http::header::AUTHORIZATION {
        basic(secret, text)?
    } else {
        return None;
    };
    let mut full = HeaderValue::from_str(&full).ok()?;
    full.set_sensitive(true);
    Some(full)
}

/// The same inside of a name and password in base64.
fn basic(secret: &Secret, text: &str) -> Option<Zeroizing<String>> {
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    if !decoded.contains(secret.placeholder()) {
        return None;
    }
    let full = Zeroizing::new(decoded.replace(secret.placeholder(), secret.value().reveal()));
    let encoded = Zeroizing::new(STANDARD.encode(full.as_bytes()));
    Some(Zeroizing::new(format!("Basic {}", *encoded)))
}
