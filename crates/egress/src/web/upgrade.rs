//! Web sockets: after the answer both sides speak freely, within limits.

use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::body::Body;
use super::request;
use crate::mask::{Mask, Needles};
use crate::passed::Passed;
use crate::refusal::{Cause, Refusal};
use crate::session::Session;
use crate::watched::Clock;

/// How much is read at once.
const PIECE: usize = 16 * 1024;

/// Passes on the answer, and copies once both sides are there.
pub fn go_on(
    session: &Arc<Session>,
    client: OnUpgrade,
    mut response: Response<Incoming>,
    passed: Arc<Passed>,
    needles: Option<Arc<Needles>>,
) -> Result<Response<Body>, Refusal> {
    let Some(place) = session.place() else {
        let why = "there are as many connections as there may be";
        return Err(Refusal::new(Cause::LimitConnections, why));
    };
    let server = hyper::upgrade::on(&mut response);
    let own = Arc::clone(session);
    tokio::spawn(async move {
        let both = async { tokio::try_join!(client, server) };
        if let Some(Ok((client, server))) = own.until_closed(both).await {
            copy(&own, client, server, &passed, needles).await;
        }
        drop(place);
    });
    let (mut parts, _) = response.into_parts();
    request::strip(&mut parts.headers);
    parts
        .headers
        .insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    parts
        .headers
        .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    parts.status = StatusCode::SWITCHING_PROTOCOLS;
    let empty = Empty::new().map_err(|never| match never {});
    Ok(Response::from_parts(parts, empty.boxed_unsync()))
}

async fn copy(
    session: &Arc<Session>,
    client: Upgraded,
    server: Upgraded,
    passed: &Passed,
    needles: Option<Arc<Needles>>,
) {
    let clock = Clock::start();
    let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
    let (from_server, to_server) = tokio::io::split(TokioIo::new(server));
    let both = async {
        tokio::join!(
            out(from_client, to_server, passed, &clock),
            back(from_server, to_client, passed, &clock, needles),
        )
    };
    tokio::select! {
        _ = session.until_closed(both) => {}
        refusal = clock.over(session) => { passed.failed(refusal); }
    }
}

type From = ReadHalf<TokioIo<Upgraded>>;
type To = WriteHalf<TokioIo<Upgraded>>;

async fn out(mut from: From, mut to: To, passed: &Passed, clock: &Clock) -> Option<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if count == 0 || passed.send_opaque(count).is_err() {
            return to.shutdown().await.ok();
        }
        clock.stir();
        to.write_all(&buffer[..count]).await.ok()?;
        to.flush().await.ok()?;
    }
}

async fn back(
    mut from: From,
    mut to: To,
    passed: &Passed,
    clock: &Clock,
    needles: Option<Arc<Needles>>,
) -> Option<()> {
    let mut mask = needles.map(Mask::new);
    let mut buffer = vec![0; PIECE];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            let rest = mask.as_mut().map(Mask::finish).unwrap_or_default();
            to.write_all(&rest).await.ok()?;
            return to.shutdown().await.ok();
        }
        passed.receive(count);
        clock.stir();
        match &mut mask {
            // Whole writings are covered at once; what a frame cuts off waits
            // for the next.
            Some(mask) => to.write_all(&mask.push(&buffer[..count])).await.ok()?,
            None => to.write_all(&buffer[..count]).await.ok()?,
        }
        to.flush().await.ok()?;
    }
}
