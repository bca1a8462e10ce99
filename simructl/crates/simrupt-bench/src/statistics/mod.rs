// SPDX-License-Identifier: GPL-2.0-only

//! Statistics of a few rounds of a figure, and of two of them. The module does not depend on the rest of the program,
//! and does not assume a normal distribution, which latencies do not have.
//!
//! - `median`: the median of the rounds, and an interval of order statistics around it;
//! - `outliers`: the rounds that stand apart;
//! - `estimate`: both of these for one figure;
//! - `shift`: by how much one sample exceeds another, with an interval;
//! - `max_t`: the permutation tests, for many figures at once, with `column`, a prepared figure, `student_sums`, its
//!   statistic, and `relabel`, the permutations;
//! - `power`: how many rounds a verdict needs, and how small a difference they can find;
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

/// The intended confidence of an interval. With too few values, an interval states a lower one.
pub const CONFIDENCE: f64 = 0.95;

/// How often chance alone may make at least one of all figures of a comparison look changed.
pub const LEVEL: f64 = 0.05;
