// SPDX-License-Identifier: GPL-2.0-only

//! The benchmark: what it runs, how it measures, and what it makes of the figures.
//!
//! - `results`: the document that a run leaves behind, and that all reports and comparisons read;
//! - `load`: reading it back;
//! - `statistics`: medians, intervals and outliers;
//! - `report`: what is shown of it;
//! - `compare`: what has changed from one to another.

pub(crate) mod compare;
pub(crate) mod load;
pub(crate) mod report;
pub(crate) mod results;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod statistics;
