//! The book: what was sent and asked for, by host, and the limits on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Limits;
use crate::desk::Wish;
use crate::event::{HostTotals, Totals};
use crate::refusal::{Cause, Refusal};

/// How many hosts are told apart; a box can ask for any number.
const HOSTS: usize = 8192;
/// What the others are counted under.
const OTHERS: &str = "(others)";

/// What one host got and gave.
#[derive(Debug, Default)]
pub struct Account {
    allowed: AtomicU64,
    refused: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
}

/// What all hosts got and gave.
#[derive(Debug)]
pub struct Book {
    accounts: Mutex<BTreeMap<String, Arc<Account>>>,
    all: Account,
    names_refused: AtomicU64,
    recent: Mutex<VecDeque<Instant>>,
    most: Option<u64>,
    most_each: Option<u64>,
    most_requests: Option<usize>,
}

impl Book {
    pub fn new(limits: &Limits) -> Self {
        Self {
            accounts: Mutex::default(),
            all: Account::default(),
            names_refused: AtomicU64::new(0),
            recent: Mutex::default(),
            most: limits.bytes_out,
            most_each: limits.bytes_out_host,
            most_requests: limits
                .requests_per_minute
                .and_then(|most| most.try_into().ok()),
        }
    }

    /// Counts a request, if there may be one more in this minute.
    pub fn request(&self) -> Result<(), Refusal> {
        let Some(most) = self.most_requests else {
            return Ok(());
        };
        let now = Instant::now();
        let mut recent = lock(&self.recent);
        while recent
            .front()
            .is_some_and(|then| now.duration_since(*then) >= Duration::from_mins(1))
        {
            recent.pop_front();
        }
        if recent.len() >= most {
            let reason =
                format!("there were {most} requests in the last minute, and more may not be made");
            return Err(Refusal::new(Cause::LimitRequests, reason));
        }
        recent.push_back(now);
        Ok(())
    }

    /// The account of a wish's host, where the decision is counted.
    pub fn account(&self, wish: &Wish, allowed: bool) -> Arc<Account> {
        let account = self.account_of(wish);
        for account in [&*account, &self.all] {
            let count = if allowed {
                &account.allowed
            } else {
                &account.refused
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
        account
    }

    /// The account of a wish's host.
    fn account_of(&self, wish: &Wish) -> Arc<Account> {
        let mut accounts = lock(&self.accounts);
        let name = format!("{}:{}", wish.host, wish.port);
        let is_full = accounts.len() >= HOSTS && !accounts.contains_key(&name);
        let name = if is_full { OTHERS.to_owned() } else { name };
        Arc::clone(accounts.entry(name).or_default())
    }

    /// Counts bytes from the box before they are sent, if they may be.
    pub fn send(&self, account: &Account, count: u64) -> Result<(), Refusal> {
        let within = |most: Option<u64>, account: &Account| {
            let sent = account.bytes_out.fetch_add(count, Ordering::Relaxed) + count;
            match most {
                Some(most) if sent > most => {
                    account.bytes_out.fetch_sub(count, Ordering::Relaxed);
                    Err(most)
                }
                _ => Ok(()),
            }
        };
        let refusal = |most: u64, of: &str| {
            let reason = format!("{of} may get {most} bytes from the box, and this would be more");
            Refusal::new(Cause::LimitBytes, reason)
        };
        within(self.most_each, account).map_err(|most| refusal(most, "one host"))?;
        within(self.most, &self.all).map_err(|most| {
            account.bytes_out.fetch_sub(count, Ordering::Relaxed);
            refusal(most, "all hosts together")
        })
    }

    /// Counts bytes into the box.
    pub fn receive(&self, account: &Account, count: u64) {
        account.bytes_in.fetch_add(count, Ordering::Relaxed);
        self.all.bytes_in.fetch_add(count, Ordering::Relaxed);
    }

    pub fn name_refused(&self) {
        self.names_refused.fetch_add(1, Ordering::Relaxed);
    }

    pub fn totals(&self) -> Totals {
        let all = self.all.totals();
        let hosts = lock(&self.accounts);
        let hosts = hosts
            .iter()
            .map(|(name, account)| (name.clone(), account.totals()));
        Totals {
            allowed: all.allowed,
            refused: all.refused,
            bytes_out: all.bytes_out,
            bytes_in: all.bytes_in,
            names_refused: self.names_refused.load(Ordering::Relaxed),
            hosts: hosts.collect(),
            ..Totals::default()
        }
    }
}

impl Account {
    fn totals(&self) -> HostTotals {
        HostTotals {
            allowed: self.allowed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
