//! What a single line tells, in any language.

use crate::checks::Found;
use crate::{Confidence, Language, Severity, SourceFile};
use Language::{Go, Java, JavaScript, Kotlin, Php, Python, Ruby, Rust, Shell, Tsx, TypeScript};

/// A text in a line of one of these languages, and what it says.
struct Sign {
    languages: &'static [Language],
    text: &'static str,
    check: &'static str,
    what: &'static str,
}

const fn sign(
    languages: &'static [Language],
    text: &'static str,
    check: &'static str,
    what: &'static str,
) -> Sign {
    Sign {
        languages,
        text,
        check,
        what,
    }
}

const TLS: &str = "tls-verification-off";
const TIME: &str = "outbound-without-timeout";
const DEBUG: &str = "debug-enabled";
const LEAK: &str = "error-detail-leak";
const JS: &[Language] = &[JavaScript, TypeScript, Tsx];
const JVM: &[Language] = &[Java, Kotlin];
const NOT_VERIFIED: &str = "whoever stands between can answer in the other side's place";
const DEFAULT_CLIENT: &str = "the default client has no time limit";

#[rustfmt::skip]
const SIGNS: &[Sign] = &[
    sign(&[Python], "ssl._create_unverified_context", TLS, NOT_VERIFIED),
    sign(&[Python], "ssl.CERT_NONE", TLS, NOT_VERIFIED),
    sign(&[Python], "check_hostname = False", TLS, NOT_VERIFIED),
    sign(&[Python], "AutoAddPolicy(", TLS, "the first key that a server shows is believed"),
    sign(JS, "rejectUnauthorized: false", TLS, NOT_VERIFIED),
    sign(JS, "NODE_TLS_REJECT_UNAUTHORIZED", TLS, NOT_VERIFIED),
    sign(JS, "strictSSL: false", TLS, NOT_VERIFIED),
    sign(&[Go], "InsecureSkipVerify: true", TLS, NOT_VERIFIED),
    sign(&[Go], "InsecureSkipVerify = true", TLS, NOT_VERIFIED),
    sign(&[Go], "ssh.InsecureIgnoreHostKey(", TLS, "any key that a server shows is believed"),
    sign(JVM, "ALLOW_ALL_HOSTNAME_VERIFIER", TLS, NOT_VERIFIED),
    sign(JVM, "NoopHostnameVerifier", TLS, NOT_VERIFIED),
    sign(JVM, "TrustAllStrategy", TLS, NOT_VERIFIED),
    sign(JVM, "InsecureTrustManagerFactory", TLS, NOT_VERIFIED),
    sign(&[Ruby], "OpenSSL::SSL::VERIFY_NONE", TLS, NOT_VERIFIED),
    sign(&[Php], "CURLOPT_SSL_VERIFYPEER, false", TLS, NOT_VERIFIED),
    sign(&[Php], "CURLOPT_SSL_VERIFYPEER, 0", TLS, NOT_VERIFIED),
    sign(&[Php], "'verify' => false", TLS, NOT_VERIFIED),
    sign(&[Php], "'verify_peer' => false", TLS, NOT_VERIFIED),
    sign(&[Rust], "danger_accept_invalid_certs(true)", TLS, NOT_VERIFIED),
    sign(&[Rust], "danger_accept_invalid_hostnames(true)", TLS, NOT_VERIFIED),
    sign(&[Rust], "SslVerifyMode::NONE", TLS, NOT_VERIFIED),
    sign(&[Shell], "curl -k ", TLS, NOT_VERIFIED),
    sign(&[Shell], "curl --insecure", TLS, NOT_VERIFIED),
    sign(&[Shell], "--no-check-certificate", TLS, NOT_VERIFIED),
    sign(&[Shell], "StrictHostKeyChecking=no", TLS, "any key that a server shows is believed"),
    sign(&[Shell], "http.sslVerify false", TLS, NOT_VERIFIED),
    sign(&[Go], "http.Get(", TIME, DEFAULT_CLIENT),
    sign(&[Go], "http.Post(", TIME, DEFAULT_CLIENT),
    sign(&[Go], "http.PostForm(", TIME, DEFAULT_CLIENT),
    sign(&[Go], "http.DefaultClient", TIME, DEFAULT_CLIENT),
    sign(&[Go], "&http.Client{}", TIME, "the client has no time limit"),
    sign(&[Go], "gin.SetMode(gin.DebugMode)", DEBUG, "requests and internals are printed"),
    sign(&[Php], "ini_set('display_errors', 1", DEBUG, "errors are shown to visitors"),
    sign(&[Php], "ini_set('display_errors', '1'", DEBUG, "errors are shown to visitors"),
    sign(&[Ruby], "config.consider_all_requests_local = true", DEBUG, "every visitor sees whole errors"),
    sign(JVM, "printStackTrace(response.getWriter())", LEAK, "the client gets the stack"),
    sign(JVM, "printStackTrace(resp.getWriter())", LEAK, "the client gets the stack"),
    sign(&[Go], "http.Error(w, err.Error()", LEAK, "the client gets the error as it is"),
    sign(&[Php], "echo $e->getTraceAsString()", LEAK, "the client gets the stack"),
    sign(&[Php], "echo $e->getMessage()", LEAK, "the client gets the error as it is"),
];

/// Settings in files that are no code: the name of the file, the line, what
/// it does.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "application.properties",
        "server.error.include-stacktrace=always",
        "the client gets stacks",
    ),
    (
        "application.properties",
        "management.endpoints.web.exposure.include=*",
        "everybody reaches every endpoint of the actuator",
    ),
    (
        "application.properties",
        "spring.h2.console.enabled=true",
        "everybody reaches the database's console",
    ),
    (
        "php.ini",
        "display_errors = On",
        "errors are shown to visitors",
    ),
];

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let name = crate::checks::file_name(file.path);
    for (index, line) in file.text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with('#')
            || trimmed.starts_with("//")
            || trimmed.starts_with('*')
            || trimmed.starts_with("class ")
            || line.len() > 2000
        {
            continue;
        }
        let number = u32::try_from(index).unwrap_or(0) + 1;
        for each in SIGNS
            .iter()
            .filter(|each| each.languages.contains(&file.language))
        {
            if line.contains(each.text) && is_meant(each, line) {
                let finding = found.add(
                    each.check,
                    number,
                    format!("`{}`: {}.", each.text.trim(), each.what),
                );
                settle(finding, each.check, file);
            }
        }
        for (of, text, what) in SETTINGS {
            if name == *of && trimmed.replace(' ', "").contains(&text.replace(' ', "")) {
                found.add(DEBUG, number, format!("`{text}`: {what}."));
            }
        }
    }
}

/// A name alone may also be read, compared or checked for.
fn is_meant(sign: &Sign, line: &str) -> bool {
    match sign.text {
        "NODE_TLS_REJECT_UNAUTHORIZED" => line.split_once(sign.text).is_some_and(|(_, rest)| {
            let value = rest.trim_start_matches(['\'', '"', ']', ' ']);
            value.starts_with('=') && !value.starts_with("==") && value.contains('0')
        }),
        "ssl.CERT_NONE" => !line.contains("==") && !line.contains("!="),
        _ => true,
    }
}

fn settle(finding: &mut crate::Finding, check: &str, file: &SourceFile<'_>) {
    if check == TLS && file.is_test {
        finding.severity = Severity::Low;
    }
    if matches!(check, LEAK | TIME) {
        finding.confidence = Confidence::C;
    }
}
