// SPDX-License-Identifier: GPL-2.0-only

//! What a handful of rounds says about a figure. Nothing here depends on the rest of the program, and nothing
//! assumes a normal distribution: latencies have none.
//!
//! - `median`: the median of the rounds, and an interval of order statistics around it;
//! - `outliers`: which rounds stand apart;
//! - `estimate`: all of that for one figure;
//! - `bootstrap`: the interval of a difference.

mod bootstrap;
mod estimate;
mod median;
#[cfg(test)]
pub mod noise;
mod outliers;

pub use self::bootstrap::difference;
pub use self::estimate::{Estimate, estimate};
pub use self::median::median;

/// How sure an interval is meant to be. One of fewer values than that takes says how sure it is.
pub const CONFIDENCE: f64 = 0.95;
