// SPDX-License-Identifier: GPL-2.0-only

#![doc = include_str!("../README.md")]
//! ## Modules
//!
//! - `median`: the median of the rounds, and an interval of order statistics around it;
//! - `outliers`: the rounds that stand apart;
//! - `estimate`: both of these for one figure;
//! - `shift`: by how much one sample exceeds another, with an interval;
//! - `max_t`: the permutation tests, for many figures at once, with `column`, a prepared figure, `student_sums`, its
//!   statistic, and `relabel`, the permutations;
//! - `power`: how many rounds a verdict needs, and how small a difference they can find;
//! - `student`: the tail of Student's distribution, for `power`;
//! - `noise`: simulated rounds, for tests of statements about chance.

mod column;
mod estimate;
mod max_t;
mod median;
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
