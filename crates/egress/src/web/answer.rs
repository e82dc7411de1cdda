//! Refusals as HTTP: a status, a small body that programs can read, and the
//! code in a header.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde_json::json;

use super::body::Body;
use crate::dial::Target;
use crate::refusal::{Cause, Refusal};

/// The header with the refusal's code.
pub const CODE: &str = "x-cofferdam-refused";

/// A refusal as an answer.
pub fn refused(refusal: &Refusal, target: Option<&Target>) -> Response<Body> {
    let text = body(refusal, target);
    let whole = Full::new(Bytes::from(text)).map_err(|never| match never {});
    let mut response = Response::new(whole.boxed_unsync());
    *response.status_mut() = status(refusal);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Ok(code) = HeaderValue::from_str(&refusal.code) {
        headers.insert(CODE, code);
    }
    response
}

/// A refusal as the bytes of an answer, after which the connection ends.
pub fn as_bytes(refusal: &Refusal, target: Option<&Target>) -> Vec<u8> {
    let (status, body) = (status(refusal), body(refusal, target));
    let code: String = refusal
        .code
        .chars()
        .filter(char::is_ascii_graphic)
        .collect();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{CODE}: {code}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn body(refusal: &Refusal, target: Option<&Target>) -> String {
    let host = target.map(|target| format!("{}:{}", target.host, target.port));
    let error = json!({ "error": {
        "code": refusal.code, "reason": refusal.reason, "host": host, "hint": refusal.hint,
    }});
    format!("{error}\n")
}

fn status(refusal: &Refusal) -> StatusCode {
    let is = |causes: &[Cause]| causes.iter().any(|cause| cause.code() == refusal.code);
    if is(&[Cause::Malformed, Cause::HostMismatch]) {
        StatusCode::BAD_REQUEST
    } else if is(&[Cause::LimitUpload]) {
        StatusCode::PAYLOAD_TOO_LARGE
    } else if is(&[Cause::LimitRequests, Cause::LimitConnections]) {
        StatusCode::TOO_MANY_REQUESTS
    } else if is(&[
        Cause::Unresolved,
        Cause::Unreachable,
        Cause::UpstreamTls,
        Cause::UpstreamHttp,
    ]) {
        StatusCode::BAD_GATEWAY
    } else {
        StatusCode::FORBIDDEN
    }
}
