//! Passwords in URLs.

use super::format::looks_opaque;
use super::{Found, Kind, is_secret, mask_at, run};

/// `://user:password@host`, and `://token@host` where the user is one.
pub(super) fn password(text: &str) -> Option<Found> {
    let authority = text.strip_prefix("://")?;
    let length = run(authority, |byte| {
        !byte.is_ascii_whitespace()
            && !matches!(
                byte,
                b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\'
            )
    });
    let user = &authority[..authority[..length].rfind('@')?];
    let (start, kind) = match colon(user) {
        Some(colon) => (colon + 1, Kind::Password),
        None if looks_opaque(user) => (0, Kind::Token),
        None => return None,
    };
    is_secret(&user[start..], kind).then_some(Found {
        before: "://".len() + start,
        secret: user.len() - start,
        kind,
    })
}

/// Where the name ends and the password starts. A mask has a colon of its own.
fn colon(user: &str) -> Option<usize> {
    user.match_indices(':')
        .map(|(at, _)| at)
        .find(|at| !user[..*at].ends_with("[masked") || mask_at(&user[at - 7..]).is_none())
}
