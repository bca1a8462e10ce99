// SPDX-License-Identifier: GPL-2.0-only

//! The benchmark: what it runs, how it measures, and what it makes of the figures.
//!
//! What is run:
//! - `job`: what was asked for, by a preset or a file and the command line;
//! - `plan`: the cells of a job, their order, and the time they take;
//! - `session`: runs a plan, from the first change of a knob to the last that is taken back.
//!
//! How it is measured:
//! - `rig`: the lines under test, and their knobs;
//! - `round`, `knee`: one round of a cell, and the search for the highest rate;
//! - `reader`, `stress`: readers and antagonists;
//! - `soak`, `cpu`: the CPU time of everything, and of the threads that are known;
//! - `lock`, `saved`: one at a time, and what has to come back;
//! - `stop`, `priority`, `progress`: the end before the end, that it is not kept from ending, and how far it
//!   is.
//!
//! What becomes of it:
//! - `results`: the document that a run leaves behind, and that all reports and comparisons read;
//! - `load`: reading it back;
//! - `metrics`, `statistics`: from counters to figures, and from rounds to medians and intervals;
//! - `environment`, `grade`, `costs`, `drain`: where it ran, how far that can be trusted, and what measuring costs;
//! - `report`, `outputs`: what is shown, and where it is written;
//! - `compare`: what has changed from one to another.

pub(crate) mod compare;
pub(crate) mod costs;
pub(crate) mod cpu;
pub(crate) mod drain;
pub(crate) mod environment;
pub(crate) mod grade;
pub(crate) mod job;
pub(crate) mod knee;
pub(crate) mod load;
pub(crate) mod lock;
pub(crate) mod metrics;
pub(crate) mod outputs;
pub(crate) mod plan;
pub(crate) mod priority;
pub(crate) mod progress;
pub(crate) mod reader;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod rig;
pub(crate) mod round;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod saved;
pub(crate) mod session;
pub(crate) mod soak;
pub(crate) mod statistics;
pub(crate) mod stress;
