// SPDX-License-Identifier: GPL-2.0-only

//! Reports: what is made of [`Results`](super::results::Results) for people to look at. Each takes nothing
//! but the results, and makes the same bytes of the same results.
//!
//! - `table`, `csv`, `markdown`, `html`, `charts`: the kinds of reports;
//! - `group`, `ranking`: which cells are read against each other, and how they stand;
//! - `answer`: which flavor is best, in words;
//! - `summary`, `grid`, `about`: the tables and words that several reports share;
//! - `metric`, `number`: names, units and digits.

pub mod about;
mod answer;
mod charts;
mod csv;
mod grid;
pub mod group;
mod html;
mod markdown;
pub mod metric;
pub mod number;
mod ranking;
mod summary;
mod table;

pub use self::charts::svgs;
pub use self::csv::csv;
pub use self::html::html;
pub use self::markdown::markdown;
pub use self::table::table;
