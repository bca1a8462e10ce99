// SPDX-License-Identifier: GPL-2.0-only

//! How often the machine's interrupt handlers, softirqs, tasklets and work functions run, how long they wait, and
//! how long they run. It is measured by the kernel's own tracepoints, with or without the module.
//!
//! A [`Recording`] measures the running kernel, [`Kept`] a trace in a file. Both give [`Sample`]s, with a [`Row`]
//! for each handler. A [`Watched`] interrupt gives the times at which it came.
//!
//! - `event`: one event, whatever it was read from;
//! - `page`, `format`, `raw`, `merge`: events from the kernel's binary ring buffers, in the order of their times;
//! - `row`: events from a trace as tracefs shows it;
//! - `pairing`: begins and ends become runs, requests and begins become waits; `works`: the work items that wait;
//! - `histogram`, `tally`: the counts and times of each handler;
//! - `watched`: the arrivals of one interrupt;
//! - `recorder`: the buffers of a live trace; `symbols`: the names of functions.

mod event;
mod format;
mod histogram;
mod kept;
mod merge;
mod page;
mod pairing;
mod raw;
mod recorder;
mod recording;
mod row;
mod sample;
mod symbols;
mod tally;
mod watched;
mod works;

pub use self::histogram::{Histogram, Max};
pub use self::kept::{Kept, Odd};
pub use self::pairing::Unpaired;
pub use self::recording::{Recording, Span};
pub use self::sample::{Row, Sample};
pub use self::tally::{Counted, OnCpu};
pub use self::watched::Watched;
