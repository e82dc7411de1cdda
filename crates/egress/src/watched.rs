//! When something was last said on a connection, and since when it lasts.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use crate::refusal::{Cause, Refusal};
use crate::session::Session;

/// When something was last said.
pub struct Clock {
    since: Instant,
    /// Milliseconds after that.
    last: AtomicU64,
}

impl Clock {
    pub fn start() -> Self {
        Self {
            since: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    /// Something was said.
    pub fn stir(&self) {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Waits until nothing was said for too long, or all of it took too long.
    pub async fn over(&self, session: &Session) -> Refusal {
        let limits = session.limits();
        loop {
            let idle = self.last() + limits.idle;
            let total = limits.total.map(|total| self.since + total);
            sleep_until(total.map_or(idle, |total| total.min(idle))).await;
            let now = Instant::now();
            let limit = match total {
                Some(total) if total <= now => limits.total.unwrap_or_default(),
                _ if self.last() + limits.idle <= now => limits.idle,
                _ => continue,
            };
            let what = if limit == limits.idle {
                "nothing was said for"
            } else {
                "it took longer than"
            };
            let reason = format!("{what} {} seconds", limit.as_secs_f32());
            return Refusal::new(Cause::LimitTime, reason);
        }
    }

    fn last(&self) -> Instant {
        self.since + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

/// A stream that stirs a clock.
pub struct Watched<S> {
    stream: S,
    clock: Arc<Clock>,
}

impl<S> Watched<S> {
    pub const fn new(stream: S, clock: Arc<Clock>) -> Self {
        Self { stream, clock }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.clock.stir();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.clock.stir();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
