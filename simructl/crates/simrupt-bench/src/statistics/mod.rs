// SPDX-License-Identifier: GPL-2.0-only

//! What a handful of rounds says about a figure, and about two of them. Nothing here depends on the rest of
//! the program, and nothing assumes a normal distribution: latencies have none.
//!
//! - `median`: the median of the rounds, and an interval of order statistics around it;
//! - `outliers`: which rounds stand apart;
//! - `estimate`: all of that for one figure;
//! - `shift`: by how much one sample lies above another, with an interval;
//! - `max_t`: the permutation tests, for many figures at once; of `column`, a figure made ready, `student_sums`, its
//!   statistic, and `relabel`, the permutations;
//! - `power`: how many rounds a verdict takes, and how small a difference they can find;
//! - `student`: the tail of Student's distribution, for `power`.
//!
//! Every random draw comes from a seed: equal data and equal seeds give equal answers.

mod column;
mod estimate;
mod max_t;
mod median;
#[cfg(test)]
pub mod noise;
mod outliers;
pub mod power;
mod relabel;
mod shift;
mod student;
mod student_sums;

pub use self::estimate::{Estimate, estimate};
pub use self::max_t::{Figure, Test, Tested};
pub use self::median::{Interval, median};
pub use self::shift::{difference, ratio};

/// How sure an interval is meant to be. One of fewer values than that takes says how sure it is.
pub const CONFIDENCE: f64 = 0.95;

/// How often chance alone may make at least one of all figures of a comparison look changed.
pub const LEVEL: f64 = 0.05;
