//! Limits: what a command may use up, and how people write it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a command and everything that it starts may use up together; what is
/// not set has no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Limits {
    /// Memory, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Processes and threads at one time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
    /// Processor time, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_time: Option<u64>,
    /// Time from start to end, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_time: Option<u64>,
    /// Open files of one process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// The size of one file, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_size: Option<u64>,
    /// What is written to disks, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<u64>,
}

/// One of the limits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// [`Limits::memory`]
    Memory,
    /// [`Limits::processes`]
    Processes,
    /// [`Limits::cpu_time`]
    CpuTime,
    /// [`Limits::wall_time`]
    WallTime,
    /// [`Limits::open_files`]
    OpenFiles,
    /// [`Limits::file_size`]
    FileSize,
    /// [`Limits::written`]
    Written,
}

/// A limit that cannot be set as it is written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadLimit {
    /// There is no limit of this name.
    #[error(
        "`{0}` is not a limit; there are memory, processes, cpu-time, wall-time, open-files, \
         file-size and written"
    )]
    Unknown(String),
    /// The value is none.
    #[error("`{value}` is no value for the limit `{limit}`; write {}", limit.form())]
    Value {
        /// The limit that was to be set.
        limit: Limit,
        /// What was written.
        value: String,
    },
}

impl Limits {
    /// Sets the limit of this name (`cpu-time` or `cpu_time`) to what is
    /// written: a number above 0, for sizes with `K`, `M`, `G` or `T` (of 1024;
    /// `KiB` and so on mean the same), for times with `s`, `m`, `h` or `d`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), BadLimit> {
        let limit = Limit::named(name).ok_or_else(|| BadLimit::Unknown(name.to_owned()))?;
        let number = limit.parse(value).ok_or_else(|| BadLimit::Value {
            limit,
            value: value.to_owned(),
        })?;
        self.put(limit, number);
        Ok(())
    }

    /// Sets a limit to so many bytes, seconds or pieces.
    pub fn put(&mut self, limit: Limit, value: u64) {
        *self.place(limit) = Some(value);
    }

    /// The value of a limit: bytes, seconds or a number.
    pub fn get(&self, limit: Limit) -> Option<u64> {
        let mut copy = *self;
        *copy.place(limit)
    }

    /// Both limits: where both say something, the smaller.
    #[must_use]
    pub fn smaller(mut self, other: Self) -> Self {
        for limit in Limit::ALL {
            let values = self.get(limit).into_iter().chain(other.get(limit));
            *self.place(limit) = values.min();
        }
        self
    }

    fn place(&mut self, limit: Limit) -> &mut Option<u64> {
        match limit {
            Limit::Memory => &mut self.memory,
            Limit::Processes => &mut self.processes,
            Limit::CpuTime => &mut self.cpu_time,
            Limit::WallTime => &mut self.wall_time,
            Limit::OpenFiles => &mut self.open_files,
            Limit::FileSize => &mut self.file_size,
            Limit::Written => &mut self.written,
        }
    }
}

/// Units and what they stand for, the largest first.
type Units = [(&'static str, u64)];

const SIZES: &Units = &[
    ("T", 1 << 40),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("K", 1 << 10),
];
const TIMES: &Units = &[("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// What kind of number a limit is.
enum Kind {
    Count,
    Size,
    Time,
}

impl Limit {
    /// Every limit there is.
    pub const ALL: [Self; 7] = [
        Self::Memory,
        Self::Processes,
        Self::CpuTime,
        Self::WallTime,
        Self::OpenFiles,
        Self::FileSize,
        Self::Written,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::CpuTime => "cpu-time",
            Self::WallTime => "wall-time",
            Self::OpenFiles => "open-files",
            Self::FileSize => "file-size",
            Self::Written => "written",
        }
    }

    /// The limit of this name, with dashes or underscores.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }

    /// A value of it for people: `512 MiB`, `10 minutes`, `64`.
    pub fn show(self, value: u64) -> String {
        let fits = |units: &Units| {
            units
                .iter()
                .find(|(_, unit)| value > 0 && value.is_multiple_of(*unit))
                .map(|(name, unit)| (*name, value / unit))
        };
        match self.kind() {
            Kind::Count => value.to_string(),
            Kind::Size => match fits(SIZES) {
                Some((name, number)) => format!("{number} {name}iB"),
                None => format!("{value} bytes"),
            },
            Kind::Time => {
                let (name, number) = fits(TIMES).unwrap_or(("s", value));
                let word = match name {
                    "d" => "day",
                    "h" => "hour",
                    "m" => "minute",
                    _ => "second",
                };
                format!("{number} {word}{}", if number == 1 { "" } else { "s" })
            }
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Processes | Self::OpenFiles => Kind::Count,
            Self::Memory | Self::FileSize | Self::Written => Kind::Size,
            Self::CpuTime | Self::WallTime => Kind::Time,
        }
    }

    const fn form(self) -> &'static str {
        match self.kind() {
            Kind::Count => "a number above 0, as in `64`",
            Kind::Size => "a size above 0, as in `64K`, `512M` or `2G`",
            Kind::Time => "a time above 0, as in `30s`, `10m` or `2h`",
        }
    }

    fn parse(self, text: &str) -> Option<u64> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let unit = unit.trim_start();
        let units = match self.kind() {
            Kind::Count => &[],
            Kind::Size => SIZES,
            Kind::Time => TIMES,
        };
        let factor = if unit.is_empty() {
            1
        } else {
            let short = unit.strip_suffix("iB").unwrap_or(unit);
            let same = |name: &str| match self.kind() {
                Kind::Size => name == short.to_ascii_uppercase(),
                _ => name == unit,
            };
            units.iter().find(|(name, _)| same(name))?.1
        };
        number.checked_mul(factor).filter(|value| *value > 0)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(name: &str, value: &str) -> Result<Limits, BadLimit> {
        let mut limits = Limits::default();
        limits.set(name, value).map(|()| limits)
    }

    #[test]
    fn sizes_times_and_counts_are_read() {
        for (name, value, number) in [
            ("memory", "512M", 512 << 20),
            ("memory", "2 GiB", 2 << 30),
            ("file-size", "64k", 64 << 10),
            ("written", "1T", 1 << 40),
            ("file_size", "1000000", 1_000_000),
            ("cpu-time", "30s", 30),
            ("cpu_time", "30", 30),
            ("wall-time", "10m", 600),
            ("wall_time", "2h", 7_200),
            ("wall-time", "1d", 86_400),
            ("processes", "64", 64),
            ("open-files", "1024", 1024),
        ] {
            let limit = Limit::named(name).expect("a limit");
            let limits = set(name, value).expect(value);
            assert_eq!(limits.get(limit), Some(number), "{name}={value}");
            let set = Limit::ALL
                .iter()
                .filter(|limit| limits.get(**limit).is_some());
            assert_eq!(set.count(), 1, "{name}={value} set another");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused_with_what_would_be() {
        for (name, value) in [
            ("memory", ""),
            ("memory", "0"),
            ("memory", "-1"),
            ("memory", "M"),
            ("memory", "1.5G"),
            ("memory", "10s"),
            ("memory", "16777216T"),
            ("memory", "18446744073709551616"),
            ("memory", "1iB"),
            ("wall-time", "10M"),
            ("wall-time", "1iB"),
            ("processes", "1K"),
            ("processes", "none"),
        ] {
            let error = set(name, value).expect_err(value);
            assert!(matches!(error, BadLimit::Value { .. }), "{name}={value}");
            assert!(error.to_string().contains("as in"), "{error}");
        }
        let error = set("disk", "1G").expect_err("no such limit");
        assert!(error.to_string().contains("written"), "{error}");
    }

    #[test]
    fn values_are_shown_as_people_say_them() {
        assert_eq!(Limit::Memory.show(512 << 20), "512 MiB");
        assert_eq!(Limit::Written.show(1_000), "1000 bytes");
        assert_eq!(Limit::CpuTime.show(1), "1 second");
        assert_eq!(Limit::WallTime.show(90), "90 seconds");
        assert_eq!(Limit::WallTime.show(7_200), "2 hours");
        assert_eq!(Limit::Processes.show(1_000), "1000");
    }

    proptest! {
        #[test]
        fn what_is_shown_of_a_size_is_read_again(value in 1..u64::MAX) {
            let shown = Limit::Memory.show(value);
            let shown = shown.strip_suffix(" bytes").unwrap_or(&shown);
            prop_assert_eq!(set("memory", shown).expect("a size").memory, Some(value));
        }

        #[test]
        fn no_text_makes_it_fail(text in "\\PC*") {
            let _ = set("memory", &text);
            let _ = set("wall-time", &text);
            let _ = set(&text, "1");
        }
    }
}
