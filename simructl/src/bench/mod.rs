// SPDX-License-Identifier: GPL-2.0-only

//! The benchmark: what it runs, how it measures, and what it makes of the figures.
//!
//! - `results`: the document that a run leaves behind, and that all reports and comparisons read;
//! - `statistics`: medians, intervals and outliers.

pub(crate) mod results;
pub(crate) mod statistics;
