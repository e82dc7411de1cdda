//! Bodies: counted on the way out, counted and masked on the way in.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use crate::mask::{Mask, Needles};
use crate::passed::Passed;
use crate::refusal::{Cause, Refusal};

/// Any body.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// What breaks a body off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A limit broke it off.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Limited(String);

/// A body on its way out.
pub struct Sending {
    body: Incoming,
    passed: Arc<Passed>,
    left: Option<u64>,
}

impl Sending {
    /// Counts a body; it may have `most` bytes.
    pub const fn new(body: Incoming, passed: Arc<Passed>, most: Option<u64>) -> Self {
        Self {
            body,
            passed,
            left: most,
        }
    }

    fn count(&mut self, count: usize) -> Result<(), Refusal> {
        if let Some(left) = &mut self.left {
            *left = left
                .checked_sub(count as u64)
                .ok_or_else(|| self.passed.failed(too_large()))?;
        }
        self.passed.send(count)
    }
}

/// A request that is larger than one may be.
pub fn too_large() -> Refusal {
    Refusal::new(Cause::LimitUpload, "the request is larger than one may be")
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Some(Ok(frame)) => frame,
        };
        if let Some(data) = frame.data_ref()
            && let Err(refusal) = self.count(data.len())
        {
            return Poll::Ready(Some(Err(Limited(refusal.reason).into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body on its way in.
pub struct Receiving {
    body: Incoming,
    passed: Arc<Passed>,
    mask: Option<Mask>,
    needles: Option<Arc<Needles>>,
    /// What comes behind the data.
    trailers: Option<HeaderMap>,
    is_over: bool,
    on_mask: Box<dyn Fn() + Send>,
}

impl Receiving {
    /// Counts a body, and masks these needles in it; `on_mask` hears of it.
    pub fn new(
        body: Incoming,
        passed: Arc<Passed>,
        needles: Option<Arc<Needles>>,
        on_mask: Box<dyn Fn() + Send>,
    ) -> Self {
        Self {
            body,
            passed,
            mask: needles.clone().map(Mask::new),
            needles,
            trailers: None,
            is_over: false,
            on_mask,
        }
    }

    /// What was held back, and then the trailers.
    fn last(&mut self) -> Option<Frame<Bytes>> {
        self.is_over = true;
        if let Some(mask) = &mut self.mask {
            let rest = mask.finish();
            if mask.found() {
                (self.on_mask)();
            }
            self.mask = None;
            if !rest.is_empty() {
                return Some(Frame::data(rest.into()));
            }
        }
        self.trailers.take().map(Frame::trailers)
    }

    fn pass(&mut self, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        match frame.into_data() {
            Ok(data) => {
                self.passed.receive(data.len());
                let Some(mask) = &mut self.mask else {
                    return Some(Frame::data(data));
                };
                let clear = mask.push(&data);
                (!clear.is_empty()).then(|| Frame::data(clear.into()))
            }
            Err(frame) => {
                let mut trailers = frame.into_trailers().unwrap_or_default();
                if let Some(needles) = &self.needles {
                    mask_headers(needles, &mut trailers);
                }
                self.trailers = Some(trailers);
                None
            }
        }
    }
}

impl HttpBody for Receiving {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let receiving = self.get_mut();
        loop {
            if receiving.is_over {
                return Poll::Ready(receiving.last().map(Ok));
            }
            match ready!(Pin::new(&mut receiving.body).poll_frame(context)) {
                None => receiving.is_over = true,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(frame)) => {
                    if let Some(frame) = receiving.pass(frame) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let is_empty = self
            .mask
            .as_ref()
            .is_none_or(|mask| mask.kept() == 0 && !mask.found());
        self.body.is_end_stream() && is_empty && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let kept = self.mask.as_ref().map_or(0, Mask::kept) as u64;
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + kept);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + kept);
        }
        hint
    }
}

/// Covers secrets in headers. Whether there were some.
pub fn mask_headers(needles: &Needles, headers: &mut HeaderMap) -> bool {
    let mut found = false;
    for value in headers.values_mut() {
        let mut bytes = value.as_bytes().to_vec();
        if needles.cover(&mut bytes) {
            found = true;
            if let Ok(masked) = HeaderValue::from_bytes(&bytes) {
                *value = masked;
            }
        }
    }
    found
}
