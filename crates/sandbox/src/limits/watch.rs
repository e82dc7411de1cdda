//! The watch: a part of the broker's loop that looks at a box several times a
//! second, where one of its limits has nobody else to hold it.

use std::time::{Duration, Instant};

use dam_policy::{Limit, Limits};
use rustix::io::Errno;

use super::cgroup::Leaf;
use super::hit_by_status;
use super::usage::{Processes, Wanted};
use crate::LimitHit;
use crate::Status;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(100);

/// How much longer than a look took it waits at least, so that the door is not
/// kept by looking.
const REST: u32 = 4;

/// Watches over the limits of a box that runs.
#[derive(Debug)]
pub(crate) struct Watch {
    limits: Limits,
    begun: Instant,
    next: Instant,
    leaf: Option<Leaf>,
    /// Where numbers are to be added up.
    processes: Option<Processes>,
}

impl Watch {
    /// None where nothing is limited. The box begins now.
    pub(crate) fn new(limits: Limits, leaf: Option<Leaf>) -> Result<Option<Self>, Errno> {
        if limits == Limits::default() {
            return Ok(None);
        }
        let held = |by: fn(&Leaf) -> bool| leaf.as_ref().is_some_and(by);
        let adds_up = limits.written.is_some()
            || limits.memory.is_some() && !held(Leaf::holds_memory)
            || limits.processes.is_some() && !held(Leaf::holds_processes)
            || limits.cpu_time.is_some() && leaf.is_none();
        let begun = Instant::now();
        Ok(Some(Self {
            limits,
            begun,
            next: begun + PERIOD,
            leaf,
            processes: adds_up.then(Processes::here).transpose()?,
        }))
    }

    /// How long the broker may sleep, if not for ever.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let now = Instant::now();
        let look = self
            .looks()
            .then(|| self.next.saturating_duration_since(now));
        let end = self.end().map(|end| end.saturating_duration_since(now));
        look.into_iter().chain(end).min()
    }

    /// The limit that is overrun, if it is time to look and one is. An error:
    /// it cannot be known, and the box must end.
    pub(crate) fn look(&mut self) -> Result<Option<LimitHit>, Errno> {
        let now = Instant::now();
        if self.end().is_some_and(|end| now >= end) {
            return Ok(self.hit(Limit::WallTime));
        }
        if !self.looks() || now < self.next {
            return Ok(None);
        }
        let found = self.overrun()?;
        let took = now.elapsed();
        self.next = Instant::now() + PERIOD.max(took * REST);
        Ok(found)
    }

    /// The last look, when the command has ended by itself: it may have done so
    /// because it was refused more, or before it was looked at.
    pub(crate) fn look_back(&mut self) -> Option<LimitHit> {
        self.next = Instant::now();
        // What can no longer be known holds nothing up: the box ends anyway.
        self.look().unwrap_or(None)
    }

    /// The limit that ended the box, where something else than the watch did;
    /// and puts away what held it.
    pub(crate) fn conclude(self, status: Status) -> Option<LimitHit> {
        let out_of_memory = self.leaf.as_ref().is_some_and(Leaf::ran_out_of_memory);
        let hit = match out_of_memory.then(|| self.hit(Limit::Memory)).flatten() {
            None => hit_by_status(&self.limits, status),
            hit => hit,
        };
        if let Some(leaf) = self.leaf {
            leaf.remove();
        }
        hit
    }

    /// Whether there is something to look at from time to time.
    fn looks(&self) -> bool {
        self.processes.is_some()
            || self.leaf.is_some()
                && (self.limits.processes.is_some() || self.limits.cpu_time.is_some())
    }

    fn end(&self) -> Option<Instant> {
        // A time that the clock cannot tell does not come.
        self.begun
            .checked_add(Duration::from_secs(self.limits.wall_time?))
    }

    fn hit(&self, limit: Limit) -> Option<LimitHit> {
        self.limits.get(limit).map(|value| LimitHit {
            limit,
            value,
            hidden: false,
        })
    }

    fn overrun(&mut self) -> Result<Option<LimitHit>, Errno> {
        if let Some(leaf) = &self.leaf {
            if leaf.refused_a_process() {
                return Ok(self.hit(Limit::Processes));
            }
            if self.limits.cpu_time.is_some() && self.spent(leaf.processor_time()?) {
                return Ok(self.hit(Limit::CpuTime));
            }
        }
        let memory_over = self.limits.memory.filter(|_| {
            let leaf = self.leaf.as_ref();
            leaf.is_none_or(|leaf| !leaf.holds_memory())
        });
        let Some(processes) = &mut self.processes else {
            return Ok(None);
        };
        let usage = processes.add_up(Wanted {
            memory_over,
            written: self.limits.written.is_some(),
        })?;
        if usage.hidden {
            let hit = self.hit(Limit::Written);
            return Ok(hit.map(|hit| LimitHit {
                hidden: true,
                ..hit
            }));
        }
        let used = [
            (Limit::Memory, memory_over.map_or(0, |_| usage.memory)),
            (Limit::Processes, usage.processes),
            (Limit::Written, usage.written),
        ];
        let over = used
            .into_iter()
            .find(|(limit, used)| self.limits.get(*limit).is_some_and(|most| used > &most));
        if over.is_none() && self.spent(usage.processor_time) {
            return Ok(self.hit(Limit::CpuTime));
        }
        Ok(over.and_then(|(limit, _)| self.hit(limit)))
    }

    fn spent(&self, time: Duration) -> bool {
        let granted = self.limits.cpu_time.map(Duration::from_secs);
        granted.is_some_and(|most| time > most)
    }
}
