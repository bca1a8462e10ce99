// SPDX-License-Identifier: GPL-2.0-only

//! How often the machine's interrupt handlers, softirqs, tasklets and work functions run, how long they wait, and how
//! long they run. The source is the kernel's own tracepoints, so the module is not needed.
//!
//! A [`Recording`] measures the running kernel, [`Kept`] a trace in a file. Both give [`Sample`]s, with a [`Row`] for
//! each handler. A [`Watched`] interrupt gives its arrival times.
//!
//! - `event`: one event, from either source;
//! - `page`, `format`, `raw`, `merge`: events from the kernel's binary ring buffers, in the order of their times;
//! - `row`: events from a trace in the form of tracefs;
//! - `pairing`: pairs begins with ends to runs, and requests with begins to waits; `works`: the work items that wait;
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
