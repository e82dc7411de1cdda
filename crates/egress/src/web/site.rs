//! One connection's requests: each is checked, judged, and sent on.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::net::TcpStream;

use super::answer::refused;
use super::body::{Body, Receiving, Sending, mask_headers, too_large};
use super::{Link, Way, request, upgrade};
use crate::desk::{Caller, Protocol, Wish};
use crate::dial::Target;
use crate::event::SecretUse;
use crate::guard::Objection;
use crate::inject;
use crate::mask::Needles;
use crate::passed::Passed;
use crate::refusal::{Cause, Refusal};
use crate::session::Session;

/// Whom requests are for.
pub enum Whom {
    /// This host.
    One(Target),
    /// Whom they name, as a proxy is asked.
    Named,
    /// Nobody: all of them are refused.
    Nobody(Target, Refusal),
}

/// One connection's requests.
pub struct Site {
    session: Arc<Session>,
    whom: Whom,
    way: Way,
    caller: Option<Caller>,
    links: tokio::sync::Mutex<HashMap<String, (Link, Option<SocketAddr>)>>,
    first: Mutex<Option<TcpStream>>,
}

/// One request and what is known of it.
struct Errand {
    target: Target,
    passed: Arc<Passed>,
    needles: Option<Arc<Needles>>,
    is_head: bool,
}

impl Site {
    pub fn new(session: &Arc<Session>, whom: Whom, way: Way, caller: Option<Caller>) -> Self {
        Self {
            session: Arc::clone(session),
            whom,
            way,
            caller,
            links: tokio::sync::Mutex::default(),
            first: Mutex::default(),
        }
    }

    /// A connection that is there already, for the first request.
    pub fn first(&self, stream: TcpStream) {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
    }

    /// The same, where TLS was spoken over it.
    pub async fn first_link(&self, target: &Target, link: Link, address: Option<SocketAddr>) {
        self.links.lock().await.insert(key(target), (link, address));
    }

    /// Answers a request; a refusal is an answer, too.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        objection: &Objection,
    ) -> Response<Body> {
        let wants_upgrade = request.headers().contains_key(header::UPGRADE);
        let version = request.version();
        let mut response = match objection.get() {
            Some(refusal) => self.object(refusal.clone()).await,
            None => match self.target(&request) {
                Ok(target) => match self.go(request, target.clone()).await {
                    Ok(response) => response,
                    Err(refusal) => refused(&refusal, Some(&target)),
                },
                Err(refusal) => self.object(refusal).await,
            },
        };
        // After such a request the guard looks no more.
        if wants_upgrade
            && version < Version::HTTP_2
            && response.status() != StatusCode::SWITCHING_PROTOCOLS
        {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// A request that is for nobody in particular.
    async fn object(&self, refusal: Refusal) -> Response<Body> {
        let target = match &self.whom {
            Whom::One(target) | Whom::Nobody(target, _) => Some(target),
            Whom::Named => None,
        };
        let mut refusal = refusal;
        if !matches!(self.whom, Whom::Nobody(..)) {
            let wish = self.wish(target);
            refusal = self.session.refuse(wish, refusal).await;
        }
        let mut response = refused(&refusal, target);
        if !self.way.is_http2() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn wish(&self, target: Option<&Target>) -> Wish {
        let protocol = if self.way.is_encrypted() {
            Protocol::Https
        } else {
            Protocol::Http
        };
        Wish {
            host: target
                .map(|target| target.host.to_string())
                .unwrap_or_default(),
            port: target.map_or(0, |target| target.port),
            protocol,
            method: None,
            path: None,
            caller: self.caller.clone(),
        }
    }

    /// Whom a request is for, if all of it agrees.
    fn target(&self, request: &Request<Incoming>) -> Result<Target, Refusal> {
        if request.method() == Method::CONNECT {
            let why = "a tunnel is asked for with the first request of a connection to the proxy";
            return Err(Refusal::new(Cause::Malformed, why));
        }
        match &self.whom {
            Whom::Nobody(_, refusal) => Err(refusal.clone()),
            Whom::Named => request::named(request),
            Whom::One(target) => {
                request::agreed(&self.session, request, target, self.way.is_encrypted())?;
                Ok(target.clone())
            }
        }
    }

    /// Judges a request and sends it on.
    async fn go(
        &self,
        request: Request<Incoming>,
        target: Target,
    ) -> Result<Response<Body>, Refusal> {
        let mut wish = self.wish(Some(&target));
        wish.method = Some(request.method().to_string());
        wish.path = match request::path(request.uri()) {
            Ok(path) => Some(path),
            Err(refusal) => return Err(self.session.refuse(wish, refusal).await),
        };
        let passed = Arc::new(self.session.decide(wish).await?);
        let most = self.session.limits().upload;
        if most.is_some_and(|most| request.body().size_hint().lower() > most) {
            return Err(passed.failed(too_large()));
        }
        let errand = Errand {
            needles: inject::needles(&self.session, &target, self.way.is_encrypted()),
            is_head: request.method() == Method::HEAD,
            target,
            passed,
        };
        self.send(request, &errand)
            .await
            .map_err(|refusal| errand.passed.failed(refusal))
    }

    async fn send(
        &self,
        mut request: Request<Incoming>,
        errand: &Errand,
    ) -> Result<Response<Body>, Refusal> {
        let upgraded = request::is_web_socket(&request).then(|| hyper::upgrade::on(&mut request));
        let outgoing = self.outgoing(request, errand, upgraded.is_some())?;
        let (mut link, address) = self.link(&errand.target).await?;
        if let Some(address) = address {
            errand.passed.reached(address);
        }
        let answered = link.send(outgoing).await;
        let response = answered.map_err(|error| {
            // What we broke off ourselves has its own reason.
            errand
                .passed
                .failure()
                .unwrap_or_else(|| broken(&errand.target, &error))
        })?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let Some(upgraded) = upgraded else {
                let why = "the host switches to a protocol that nobody asked for";
                return Err(Refusal::new(Cause::UpstreamHttp, why));
            };
            return upgrade::go_on(
                &self.session,
                upgraded,
                response,
                errand.passed.clone(),
                errand.needles.clone(),
            );
        }
        self.keep(&errand.target, link, address).await;
        self.incoming(response, errand)
    }

    /// The request as the host gets it.
    fn outgoing(
        &self,
        request: Request<Incoming>,
        errand: &Errand,
        is_web_socket: bool,
    ) -> Result<Request<Body>, Refusal> {
        let (mut parts, body) = request.into_parts();
        let Errand {
            target,
            passed,
            needles,
            ..
        } = errand;
        request::strip(&mut parts.headers);
        if is_web_socket {
            parts
                .headers
                .insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            parts
                .headers
                .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        if needles.is_some() {
            // What is compressed cannot be searched.
            parts.headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
            parts.headers.remove(header::RANGE);
            parts.headers.remove("sec-websocket-extensions");
        }
        inject::put(
            &self.session,
            target,
            self.way.is_encrypted(),
            &parts.uri,
            &mut parts.headers,
        );
        let path = parts
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str)
            .to_owned();
        let bad = || Refusal::new(Cause::Malformed, "the request's address cannot be sent on");
        let authority = self.authority(target, &parts);
        if self.way.is_http2() {
            parts.headers.remove(header::HOST);
            let scheme = if self.way.is_encrypted() {
                "https"
            } else {
                "http"
            };
            let uri = Uri::builder()
                .scheme(scheme)
                .authority(authority)
                .path_and_query(path.as_str());
            parts.uri = uri.build().map_err(|_| bad())?;
            parts.version = Version::HTTP_2;
        } else {
            let host = HeaderValue::from_str(&authority).map_err(|_| bad())?;
            parts.headers.insert(header::HOST, host);
            parts.uri = path.parse().map_err(|_| bad())?;
            parts.version = Version::HTTP_11;
        }
        let head: usize = parts
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        passed.send(head + path.len())?;
        let body = Sending::new(body, Arc::clone(passed), self.session.limits().upload);
        Ok(Request::from_parts(parts, body.boxed_unsync()))
    }

    /// How the host is named to itself: as it was asked for. At a literal
    /// address that is the name that was said and agreed to.
    fn authority(&self, target: &Target, parts: &http::request::Parts) -> String {
        let said = parts.uri.authority().map(ToString::to_string);
        let said = said.or_else(|| {
            let host = parts.headers.get(header::HOST)?;
            host.to_str().ok().map(str::to_owned)
        });
        let default = if self.way.is_encrypted() { 443 } else { 80 };
        if let (dam_policy::Host::Address(_), Some(said)) = (&target.host, said) {
            said
        } else if target.port == default {
            target.host.to_string()
        } else {
            key(target)
        }
    }

    /// The answer as the box gets it.
    fn incoming(
        &self,
        response: Response<Incoming>,
        errand: &Errand,
    ) -> Result<Response<Body>, Refusal> {
        let (mut parts, body) = response.into_parts();
        request::strip(&mut parts.headers);
        if self.way.is_http2() {
            parts.version = Version::HTTP_2;
        } else {
            parts.version = Version::HTTP_11;
        }
        let head: usize = parts
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        errand.passed.receive(head);
        if let Some(needles) = &errand.needles {
            let mut coded = parts.headers.get_all(header::CONTENT_ENCODING).iter();
            let is_coded = coded.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
            if is_coded && !errand.is_head {
                let why = "the answer is compressed although it was not to be, and cannot be searched for a secret";
                return Err(Refusal::new(Cause::UpstreamHttp, why));
            }
            if mask_headers(needles, &mut parts.headers) {
                masked(&self.session, &errand.target, self.way.is_encrypted());
            }
        }
        let told = {
            let (session, target, encrypted) = (
                Arc::clone(&self.session),
                errand.target.clone(),
                self.way.is_encrypted(),
            );
            Box::new(move || masked(&session, &target, encrypted))
        };
        let body = Receiving::new(
            body,
            Arc::clone(&errand.passed),
            errand.needles.clone(),
            told,
        );
        Ok(Response::from_parts(parts, body.boxed_unsync()))
    }

    /// A connection to a host: the last one, if it takes one more request.
    async fn link(&self, target: &Target) -> Result<(Link, Option<SocketAddr>), Refusal> {
        let mut links = self.links.lock().await;
        let name = key(target);
        if let Some((mut link, address)) = links.remove(&name)
            && link.is_usable().await
        {
            if let Some(other) = link.share() {
                links.insert(name, (other, address));
            }
            return Ok((link, address));
        }
        let first = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (link, address) = match first {
            Some(stream) => {
                let address = stream.peer_addr().ok();
                (
                    Link::over(&self.session, Box::new(stream), self.way.is_http2()).await?,
                    address,
                )
            }
            None => Link::new(&self.session, target, &self.way).await?,
        };
        if let Some(other) = link.share() {
            links.insert(name, (other, address));
        }
        Ok((link, address))
    }

    async fn keep(&self, target: &Target, link: Link, address: Option<SocketAddr>) {
        if matches!(link, Link::Http1(_)) {
            let mut links = self.links.lock().await;
            // A program that asks for many hosts has few connections open.
            if links.len() >= 8 {
                links.clear();
            }
            links.insert(key(target), (link, address));
        }
    }
}

fn broken(target: &Target, error: &hyper::Error) -> Refusal {
    let mut reason = format!("{} does not answer the request: {error}", target.host);
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason.push_str(": ");
        reason.push_str(&inner.to_string());
        source = inner.source();
    }
    Refusal::new(Cause::UpstreamHttp, reason)
}

/// Tells that a host sent a secret back.
pub fn masked(session: &Session, target: &Target, encrypted: bool) {
    for secret in inject::of(session, target, encrypted) {
        session.secret_used(secret, SecretUse::Masked, &key(target));
    }
}

fn key(target: &Target) -> String {
    format!("{}:{}", target.host, target.port)
}
