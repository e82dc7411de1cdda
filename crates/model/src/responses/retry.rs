//! What may pass, how long to wait for it, and when to give up.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::Sender;
use crate::clean::one_line;
use crate::{ModelError, Provider, StreamEvent};

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// Another attempt would fail the same way.
    Final(ModelError),
    /// It may go better next time.
    Passing(Cause),
}

/// What went wrong in an attempt that may go better next time.
#[derive(Debug)]
pub(super) enum Cause {
    Unreachable {
        provider: String,
        address: String,
        reason: String,
    },
    Status {
        provider: String,
        status: u16,
        message: String,
        hint: Option<String>,
        wait: Option<Duration>,
    },
    Failed {
        code: Option<String>,
        message: String,
    },
    Broken {
        reason: String,
    },
    Idle {
        after: Duration,
    },
}

/// One budget of retries.
pub(super) struct Retries {
    of: u32,
    used: u32,
    first_backoff: Duration,
    longest_wait: Duration,
}

impl Retries {
    pub(super) fn new(provider: &Provider, of: u32) -> Self {
        Self {
            of,
            used: 0,
            first_backoff: provider.first_backoff,
            longest_wait: provider.longest_wait,
        }
    }

    /// Says that there will be another attempt and waits for its time; or
    /// gives `cause` as an error if there will be none.
    pub(super) async fn wait(&mut self, cause: Cause, sender: &Sender) -> Result<(), ModelError> {
        let asked = cause.wait();
        if let Some(asked) = asked.filter(|asked| *asked > self.longest_wait) {
            return Err(cause.too_long(asked).into_error(self.used + 1));
        }
        if self.used == self.of {
            return Err(cause.into_error(self.used + 1));
        }
        let wait = asked.unwrap_or_else(|| {
            backoff(self.first_backoff, self.used, random()).min(self.longest_wait)
        });
        self.used += 1;
        let reason = format!("{cause}; waiting {:.1} s", wait.as_secs_f32());
        let _ = sender
            .send(Ok(StreamEvent::Retrying {
                attempt: self.used,
                of: self.of,
                reason,
            }))
            .await;
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

impl Fault {
    /// The same without secrets and control characters in what a server said.
    pub(super) fn said_safely(self, provider: &Provider) -> Self {
        let safe = |text: String| one_line(&provider.without_secrets(&text));
        match self {
            Self::Passing(cause) => Self::Passing(cause.map(safe)),
            Self::Final(ModelError::Failed { code, message }) => Self::Final(ModelError::Failed {
                code: code.map(safe),
                message: safe(message),
            }),
            Self::Final(ModelError::Incomplete { reason }) => Self::Final(ModelError::Incomplete {
                reason: safe(reason),
            }),
            Self::Final(ModelError::Malformed { reason }) => Self::Final(ModelError::Malformed {
                reason: safe(reason),
            }),
            Self::Final(ModelError::Provider { provider, reason }) => {
                Self::Final(ModelError::Provider {
                    provider,
                    reason: safe(reason),
                })
            }
            Self::Final(error) => Self::Final(error),
        }
    }
}

impl Cause {
    fn map(self, safe: impl Fn(String) -> String) -> Self {
        match self {
            Self::Unreachable {
                provider,
                address,
                reason,
            } => Self::Unreachable {
                provider,
                address,
                reason: safe(reason),
            },
            Self::Status {
                provider,
                status,
                message,
                hint,
                wait,
            } => Self::Status {
                provider,
                status,
                message: safe(message),
                hint,
                wait,
            },
            Self::Failed { code, message } => Self::Failed {
                code: code.map(&safe),
                message: safe(message),
            },
            Self::Broken { reason } => Self::Broken {
                reason: safe(reason),
            },
            Self::Idle { after } => Self::Idle { after },
        }
    }

    /// How long the server wants to be left alone.
    fn wait(&self) -> Option<Duration> {
        if let Self::Status { wait, .. } = self {
            *wait
        } else {
            None
        }
    }

    /// The same, explained by the wait that the server asks for.
    fn too_long(mut self, asked: Duration) -> Self {
        if let Self::Status { hint, .. } = &mut self {
            let seconds = asked.as_secs();
            *hint = Some(format!(
                "the server asks to wait {seconds} seconds, longer than is waited here"
            ));
        }
        self
    }

    fn into_error(self, attempts: u32) -> ModelError {
        match self {
            Self::Unreachable {
                provider,
                address,
                reason,
            } => ModelError::Unreachable {
                provider,
                address,
                attempts,
                reason,
            },
            Self::Status {
                provider,
                status,
                message,
                hint,
                ..
            } => ModelError::Status {
                provider,
                status,
                message,
                hint,
            },
            Self::Failed { code, message } => ModelError::Failed { code, message },
            Self::Broken { reason } => ModelError::BrokenOff { attempts, reason },
            Self::Idle { after } => ModelError::Idle { after, attempts },
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable {
                address, reason, ..
            } => write!(f, "`{address}` cannot be reached: {reason}"),
            Self::Status {
                status, message, ..
            } => write!(f, "the server answered {status}: {message}"),
            Self::Failed { message, .. } => write!(f, "the response failed: {message}"),
            Self::Broken { reason } => write!(f, "the response broke off: {reason}"),
            Self::Idle { after } => {
                write!(f, "the server was silent for {} s", after.as_secs_f32())
            }
        }
    }
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        Self::Final(error)
    }
}

impl From<Cause> for Fault {
    fn from(cause: Cause) -> Self {
        Self::Passing(cause)
    }
}

/// `first`, doubled for each retry before this one, give or take a quarter so
/// that many clients do not come back at once. `random` is between 0 and 1.
fn backoff(first: Duration, before: u32, random: f64) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(before));
    doubled
        .min(Duration::from_hours(1))
        .mul_f64(0.75 + random / 2.0)
}

/// A number between 0 and 1, from the seed of the standard library's hashes.
fn random() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_never_overflow() {
        let first = Duration::from_millis(200);

        assert_eq!(backoff(first, 0, 0.5), first);
        assert_eq!(backoff(first, 3, 0.0), Duration::from_millis(1200));
        assert_eq!(backoff(first, 3, 1.0), Duration::from_secs(2));
        assert_eq!(
            backoff(Duration::MAX, u32::MAX, 1.0),
            Duration::from_mins(75)
        );
    }

    #[test]
    fn random_numbers_stay_in_range_and_differ() {
        let numbers: Vec<f64> = (0..20).map(|_| random()).collect();

        assert!(
            numbers.iter().all(|number| (0.0..=1.0).contains(number)),
            "{numbers:?}"
        );
        assert!(
            numbers
                .windows(2)
                .any(|pair| (pair[0] - pair[1]).abs() > f64::EPSILON),
            "{numbers:?}"
        );
    }
}
