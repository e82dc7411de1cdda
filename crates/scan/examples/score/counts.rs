//! How many were right and wrong, and the figures that follow.

use std::collections::BTreeMap;
use std::iter::Sum;

/// How many were right and wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Found, and so.
    pub hits: usize,
    /// So, and not found.
    pub missed: usize,
    /// Found, and not so.
    pub wrong: usize,
    /// Not so, and silent.
    pub silent: usize,
}

impl Counts {
    /// Counts a case: whether it is real, and whether it was found.
    pub fn count(&mut self, real: bool, found: bool) {
        *match (real, found) {
            (true, true) => &mut self.hits,
            (true, false) => &mut self.missed,
            (false, true) => &mut self.wrong,
            (false, false) => &mut self.silent,
        } += 1;
    }

    /// Of what is so, how much was found: recall.
    pub fn hit_rate(self) -> f64 {
        ratio(self.hits, self.hits + self.missed)
    }

    /// Of what is not so, how much was found.
    pub fn false_rate(self) -> f64 {
        ratio(self.wrong, self.wrong + self.silent)
    }

    /// Of what was found, how much is so.
    pub fn precision(self) -> f64 {
        ratio(self.hits, self.hits + self.wrong)
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(self) -> f64 {
        ratio(2 * self.hits, 2 * self.hits + self.wrong + self.missed)
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, each| Self {
            hits: sum.hits + each.hits,
            missed: sum.missed + each.missed,
            wrong: sum.wrong + each.wrong,
            silent: sum.silent + each.silent,
        })
    }
}

/// A part of a whole; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of cases")]
pub fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// The mean over all categories of hit rate minus false rate.
pub fn youden(rates: &BTreeMap<String, Counts>) -> f64 {
    let scores = rates
        .values()
        .map(|each| each.hit_rate() - each.false_rate());
    scores.sum::<f64>() / ratio(rates.len(), 1).max(1.0)
}

/// Prints a line for each category.
pub fn print_rates(rates: &BTreeMap<String, Counts>) {
    println!(
        "{:<20} {:>5} {:>5} {:>5} {:>5} {:>7} {:>7} {:>7}",
        "category", "TP", "FN", "FP", "TN", "TPR", "FPR", "score"
    );
    for (name, counts) in rates {
        println!(
            "{name:<20} {:>5} {:>5} {:>5} {:>5} {:>7.3} {:>7.3} {:>7.3}",
            counts.hits,
            counts.missed,
            counts.wrong,
            counts.silent,
            counts.hit_rate(),
            counts.false_rate(),
            counts.hit_rate() - counts.false_rate()
        );
    }
}
