// SPDX-License-Identifier: GPL-2.0-only

//! Reports: presentations of [`Results`](super::results::Results) for people. Each depends on nothing but the results,
//! and makes the same bytes of the same results.
//!
//! - `table`, `csv`, `markdown`, `html`, `charts`: the kinds of reports;
//! - `group`, `ranking`: which cells are compared with each other, and their places;
//! - `answer`: which flavor is best, in words;
//! - `frontier`: latency against CPU time, and the document with it;
//! - `machines`: those of several machines;
//! - `summary`, `grid`, `about`: the tables and words that several reports share;
//! - `ktap`, `lava`, `case`: results and figures for CI systems, and their names;
//! - `metric`, `number`: names, units and digits.

pub mod about;
mod answer;
pub mod case;
mod charts;
mod csv;
mod frontier;
mod grid;
pub mod group;
mod html;
mod ktap;
pub mod lava;
mod machines;
mod markdown;
pub mod metric;
pub mod number;
mod ranking;
mod summary;
mod table;

pub use self::charts::svgs;
pub use self::csv::csv;
pub use self::frontier::json;
pub use self::html::html;
pub use self::ktap::ktap;
pub use self::lava::lava;
pub use self::machines::{machines_csv, machines_markdown, machines_table};
pub use self::markdown::markdown;
pub use self::table::table;

use crate::results::Results;

/// Whether all `planned` rounds of a cell or of a highest rate were run; `rounds` is their number.
fn is_finished(results: &Results, rounds: usize, planned: u32) -> bool {
    results.complete || rounds as u64 >= u64::from(planned)
}
