//! Words by which code says what it is for.

/// Parts of names of what asks who somebody is, or what they may do.
const AUTH: &[&str] = &[
    "auth",
    "login",
    "logged",
    "jwt",
    "token",
    "permission",
    "session",
    "current_user",
    "currentuser",
    "get_user",
    "getuser",
    "require",
    "ensure",
    "protect",
    "guard",
    "secured",
    "rolesallowed",
    "admin",
    "role",
    "acl",
    "policy",
    "passport",
    "identity",
    "principal",
    "verify_user",
    "verifyuser",
    "api_key",
    "apikey",
    "signed_in",
    "signedin",
    "is_owner",
    "isowner",
    "access",
    "staff",
    "superuser",
];

/// Words that look like it and are not.
const NOT_AUTH: &[&str] = &[
    "csrf",
    "author",
    "tokenize",
    "require_http_methods",
    "require_get",
    "require_post",
    "require_safe",
    "required_params",
    "requirejs",
    "policyholder",
    "accessor",
    "json",
    "cache",
    "rate",
    "limit",
    "throttle",
    "obsession",
    "body",
    "validate",
];

/// Parts of names of guards that only let some people in, whoever owns what.
const ROLE: &[&str] = &[
    "admin",
    "staff",
    "superuser",
    "role",
    "permission",
    "policy",
    "acl",
];

/// Parts of paths and names that are for everybody.
const PUBLIC: &[&str] = &[
    "login",
    "signin",
    "sign_in",
    "sign-in",
    "logout",
    "signout",
    "register",
    "signup",
    "sign_up",
    "sign-up",
    "health",
    "ping",
    "static",
    "index",
    "home",
    "callback",
    "webhook",
    "reset",
    "forgot",
    "recover",
    "verify",
    "confirm",
    "public",
    "docs",
    "openapi",
    "swagger",
    "robots",
    "favicon",
    "oauth",
    "token",
    "status",
    "version",
    "about",
    "contact",
    "metrics",
    "ready",
    "live",
    "csrf",
    "captcha",
    "well-known",
    "sitemap",
    "error",
    "assets",
    "landing",
    "welcome",
    "terms",
    "privacy",
    "authenticate",
    "session",
];

/// Whether a name is one of something that asks who somebody is.
pub fn is_auth_word(name: &str) -> bool {
    let lower = name.to_ascii_lowercase().replace("authori", "auth_");
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    has(AUTH) && !has(NOT_AUTH)
}

/// Whether a guard lets in by role and not by who owns what.
pub fn is_role_word(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ROLE.iter().any(|word| lower.contains(word))
}

/// Whether a route is for everybody, by its path or its handler's name.
pub fn is_public(path: &str, handler: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let handler = handler.to_ascii_lowercase();
    path.trim_matches('/').is_empty()
        || PUBLIC
            .iter()
            .any(|word| path.contains(word) || handler.contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_auth_word;

    #[test]
    fn guards_are_known_by_their_names() {
        for name in [
            "login_required",
            "PreAuthorize",
            "requireAuth",
            "IsAdmin",
            "authorise",
        ] {
            assert!(is_auth_word(name), "{name}");
        }
        for name in [
            "csrf_exempt",
            "author",
            "json",
            "rateLimit",
            "tokenize",
            "render",
        ] {
            assert!(!is_auth_word(name), "{name}");
        }
    }
}
