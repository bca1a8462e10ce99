// SPDX-License-Identifier: GPL-2.0-only

//! Shows the machine's interrupt handlers, softirqs and work functions, which `simrupt::handlers` measures.
//!
//! - `choice`: which rows, in which order;
//! - `view`, `columns`, `table`, `function`: as a table for people;
//! - `json`, `csv`, `metrics`, `percentile`: for programs;
//! - `show`, `live`, `watch`: once, or repeatedly.

pub(crate) mod choice;
mod columns;
mod csv;
mod function;
mod json;
pub(crate) mod live;
mod metrics;
mod percentile;
pub(crate) mod show;
mod table;
mod view;
mod watch;
