//! Copying between two connections, within limits and with bounded memory.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use rustix::net::Shutdown;
use tokio::net::TcpStream;

use crate::passed::Passed;
use crate::refusal::{Cause, Refusal};
use crate::session::Session;
use crate::watched::Clock;

/// How much is read at once.
const PIECE: usize = 32 * 1024;

thread_local! {
    /// One buffer serves every connection of the thread: it is filled and
    /// emptied without a pause. Only what the other side does not take is kept
    /// for a connection, so that idle ones cost nothing.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; PIECE]);
}

/// Copies both ways until both sides have said all, or something breaks. An
/// end of one side is passed on to the other.
pub async fn relay(
    session: &Arc<Session>,
    client: &TcpStream,
    server: &TcpStream,
    passed: &Passed,
) {
    let clock = Clock::start();
    let out = pump(client, server, &clock, |count| passed.send_opaque(count));
    let back = pump(server, client, &clock, |count| {
        passed.receive(count);
        Ok(())
    });
    let both = async { tokio::try_join!(out, back) };
    let copied = tokio::select! {
        copied = session.until_closed(both) => copied,
        refusal = clock.over(session) => Some(Err(Broken::Limit(refusal))),
    };
    match copied {
        None => {
            passed.failed(Refusal::new(Cause::Closed, "the session is over"));
        }
        Some(Err(Broken::Limit(refusal))) => {
            passed.failed(refusal);
        }
        // One side went away without an end: the other's is cut off, too.
        Some(Err(Broken::Io) | Ok(_)) => {}
    }
}

/// Why copying breaks off.
enum Broken {
    Io,
    Limit(Refusal),
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// What became of one reading.
enum Step {
    Again,
    End,
    Rest(Vec<u8>),
}

async fn pump(
    from: &TcpStream,
    to: &TcpStream,
    clock: &Clock,
    mut count: impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<(), Broken> {
    loop {
        from.readable().await?;
        match step(from, to, clock, &mut count)? {
            Step::Again => {}
            Step::Rest(rest) => write_all(to, &rest, clock).await?,
            Step::End => {
                // The other may be gone already.
                let _ = rustix::net::shutdown(to, Shutdown::Write);
                return Ok(());
            }
        }
        tokio::task::consume_budget().await;
    }
}

fn step(
    from: &TcpStream,
    to: &TcpStream,
    clock: &Clock,
    count: &mut impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<Step, Broken> {
    BUFFER.with_borrow_mut(|buffer| {
        let read = match from.try_read(buffer) {
            Ok(0) => return Ok(Step::End),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Step::Again),
            Err(_) => return Err(Broken::Io),
        };
        clock.stir();
        count(read).map_err(Broken::Limit)?;
        let written = match to.try_write(&buffer[..read]) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return Err(Broken::Io),
        };
        if written == read {
            return Ok(Step::Again);
        }
        Ok(Step::Rest(buffer[written..read].to_vec()))
    })
}

/// Writes all of it, as fast as the other side takes it.
async fn write_all(to: &TcpStream, mut bytes: &[u8], clock: &Clock) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => {
                clock.stir();
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
