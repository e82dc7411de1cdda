//! The variables by which programs in the boundary find the proxy and the
//! certificates. They make things quicker and messages better; they are not the
//! fence: who ignores them meets the same rules.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;

/// What stays inside.
const INSIDE: &str = "localhost,127.0.0.1,::1";

const BY_HTTP: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "npm_config_proxy",
    "npm_config_https_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
];
const BY_SOCKS: &[&str] = &["ALL_PROXY", "all_proxy"];
const NOT_BY_PROXY: &[&str] = &["NO_PROXY", "no_proxy", "npm_config_noproxy"];

/// Where programs look for the certificates to trust.
const CERTIFICATES: &[&str] = &[
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
    "DENO_CERT",
    "npm_config_cafile",
];

/// The variables to set. `bundle` is there where something is looked into.
pub fn of(proxy: SocketAddrV4, socks5: bool, bundle: Option<&Path>) -> BTreeMap<String, String> {
    let mut set = BTreeMap::new();
    let mut put = |names: &[&str], value: &str| {
        set.extend(
            names
                .iter()
                .map(|name| ((*name).to_owned(), value.to_owned())),
        );
    };
    put(BY_HTTP, &format!("http://{proxy}"));
    let scheme = if socks5 { "socks5h" } else { "http" };
    put(BY_SOCKS, &format!("{scheme}://{proxy}"));
    put(NOT_BY_PROXY, INSIDE);
    put(&["COFFERDAM_NETWORK"], "proxy");
    if let Some(path) = bundle.and_then(Path::to_str) {
        put(CERTIFICATES, path);
    }
    set
}
