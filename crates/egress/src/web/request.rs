//! Requests: whom they are for, and whether all of it says the same.

use dam_policy::Host;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::Authority;
use http::{Method, Request, Uri};

use crate::desk::Protocol;
use crate::dial::{Target, agrees};
use crate::refusal::{Cause, Refusal};
use crate::session::Session;

/// What belongs to one connection, not to the request.
const HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Whom a request to a proxy is for.
pub fn named<B>(request: &Request<B>) -> Result<Target, Refusal> {
    let uri = request.uri();
    let bad = |why: &str| Err(Refusal::new(Cause::Malformed, why));
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return bad("a request to a proxy names the whole address: `http://host/path`");
    };
    if scheme != "http" {
        return bad("a proxy is asked for `http://` addresses, and for others by `CONNECT`");
    }
    let target = target(authority, 80)?;
    same_host(request.headers(), |said, port| {
        said == target.host && port.unwrap_or(80) == target.port
    })?;
    Ok(target)
}

/// Whether a request on a connection to one host is for it.
pub fn agreed<B>(
    session: &Session,
    request: &Request<B>,
    target: &Target,
    is_encrypted: bool,
) -> Result<(), Refusal> {
    let protocol = if is_encrypted {
        Protocol::Https
    } else {
        Protocol::Http
    };
    let scheme = protocol.as_str();
    let is_same = |said: Host, port: Option<u16>| {
        port.is_none_or(|port| port == target.port) && agrees(session, target, &said, protocol)
    };
    let uri = request.uri();
    if uri.scheme_str().is_some_and(|said| said != scheme) {
        return Err(Refusal::new(
            Cause::Malformed,
            format!("the request is not for `{scheme}://`"),
        ));
    }
    let is_http2 = request.version() == http::Version::HTTP_2;
    if let Some(authority) = uri.authority() {
        let (said, port) = split(authority)?;
        if !is_same(said, port) {
            return Err(mismatch(authority.as_str()));
        }
    } else if is_http2 {
        return Err(Refusal::new(
            Cause::Malformed,
            "the request names no authority",
        ));
    }
    if is_http2 && !request.headers().contains_key(header::HOST) {
        return Ok(());
    }
    same_host(request.headers(), is_same)
}

fn same_host(
    headers: &HeaderMap,
    is_same: impl Fn(Host, Option<u16>) -> bool,
) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Refusal::new(
            Cause::Malformed,
            "the request has no `Host`, or more than one",
        ));
    };
    let text = host.to_str().unwrap_or_default();
    let authority: Authority = text.parse().map_err(|_| mismatch(text))?;
    let (said, port) = split(&authority)?;
    if is_same(said, port) {
        Ok(())
    } else {
        Err(mismatch(text))
    }
}

fn mismatch(said: &str) -> Refusal {
    let said: String = said
        .chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect();
    Refusal::new(
        Cause::HostMismatch,
        format!("the request names `{said}`, which is not the host that was asked for"),
    )
}

/// Where an authority leads.
pub fn target(authority: &Authority, default: u16) -> Result<Target, Refusal> {
    let (host, port) = split(authority)?;
    let port = port.unwrap_or(default);
    Ok(Target { host, port })
}

fn split(authority: &Authority) -> Result<(Host, Option<u16>), Refusal> {
    let bad = |why: &str| Err(Refusal::new(Cause::Malformed, why));
    let text = authority.as_str();
    if text.contains('@') {
        return bad("a host is named without a user");
    }
    let Ok(host) = authority.host().parse::<Host>() else {
        return bad("what is named is no host");
    };
    let rest = &text[authority.host().len()..];
    let port = match rest.strip_prefix(':') {
        None => None,
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) if port != 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(port),
            _ => return bad("what is named as a port is none"),
        },
    };
    Ok((host, port))
}

/// The path as it is judged. Dots that lead elsewhere are refused: a server
/// could follow them where we would not.
pub fn path(uri: &Uri) -> Result<String, Refusal> {
    let path = plain(uri.path());
    let is_dots = |segment: &str| {
        let segment = segment.split(';').next().unwrap_or_default();
        segment == "." || segment == ".."
    };
    if path.split(['/', '\\']).any(is_dots)
        || path
            .to_ascii_lowercase()
            .split("%2f")
            .any(|part| part.split('/').any(is_dots))
    {
        return Err(Refusal::new(
            Cause::Malformed,
            "the path leads through `.` or `..`",
        ));
    }
    Ok(path)
}

/// The path, without percent-encoding where none is needed.
fn plain(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest
            .get(at + 1..at + 3)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~\\".contains(&byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            _ => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether a request asks to go on as a web socket.
pub fn is_web_socket<B>(request: &Request<B>) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    request.method() == Method::GET
        && request.version() == http::Version::HTTP_11
        && upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Removes what belongs to one connection.
pub fn strip(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let takes_trailers = headers
        .get(header::TE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in HOP {
        headers.remove(*name);
    }
    for name in listed {
        // Where a request ends and whom it is for is said by nobody but us.
        if name != header::HOST && name != header::CONTENT_LENGTH {
            headers.remove(name);
        }
    }
    if takes_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T, Refusal>) -> Option<String> {
        result.err().map(|refusal| refusal.code)
    }

    fn proxied(uri: &str, host: &str) -> Option<String> {
        let request = Request::builder()
            .uri(uri)
            .header("host", host)
            .body(())
            .unwrap();
        code(named(&request))
    }

    #[test]
    fn a_request_to_a_proxy_says_one_host() {
        assert_eq!(proxied("http://A.example./x", "a.EXAMPLE:80"), None);
        assert_eq!(proxied("http://0x7f.1/x", "127.0.0.1"), None);
        for (uri, host, expected) in [
            ("http://a.example/", "b.example", "host-mismatch"),
            ("http://a.example/", "a.example:81", "host-mismatch"),
            ("http://a.example:81/", "a.example", "host-mismatch"),
            ("http://a.example/", "", "host-mismatch"),
            ("http://me@a.example/", "a.example", "malformed"),
            ("https://a.example/", "a.example", "malformed"),
            ("ftp://a.example/", "a.example", "malformed"),
            ("http://a.example:0/", "a.example:0", "malformed"),
            ("/x", "a.example", "malformed"),
        ] {
            assert_eq!(
                proxied(uri, host).as_deref(),
                Some(expected),
                "{uri} {host}"
            );
        }
    }

    #[test]
    fn a_path_leads_nowhere_else() {
        let of = |uri: &str| path(&uri.parse().unwrap());
        assert_eq!(of("/a/%62?c=../d").unwrap(), "/a/b");
        assert_eq!(of("/@a%2fb/.git/..c").unwrap(), "/@a%2fb/.git/..c");
        for bad in [
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/.%2e/b",
            "/a/..",
            "/./a",
            "/a/..%2fb",
            "/a%2F..%2Fb",
            "/a/..;x/b",
            "/a%5c..%5cb",
        ] {
            assert_eq!(code(of(bad)).as_deref(), Some("malformed"), "{bad}");
        }
    }

    #[test]
    fn what_belongs_to_a_connection_stays_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-mine, host"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("proxy-authorization", "Basic eA=="),
            ("host", "a"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        strip(&mut headers);
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "te"]);
    }
}
