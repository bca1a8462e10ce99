// SPDX-License-Identifier: GPL-2.0-only

#![doc = include_str!("../README.md")]
//! ## Modules
//!
//! What is run:
//! - `setting`: modes, flavors, stress and the like, which jobs, measurements and results share;
//! - `job`, `overrides`: what was asked for, by a preset or a file, and values that replace those of a job;
//! - `placement`: the CPUs of lines and readers;
//! - `plan`: the cells of a job, their order, and the time they take;
//! - `outlook`: what their results will be able to tell;
//! - `session`: runs a plan, from the first change of a knob to the last that is taken back.
//!
//! How it is measured:
//! - `rig`: the lines under test, and their knobs;
//! - `foreign`, `writes`: changes that others make to them meanwhile;
//! - `round`, `knee`: one round of a cell, and the search for the highest rate;
//! - `steady`: how long the lines warm up;
//! - `reader`, `stress`: readers and interference;
//! - `soak`, `cpu`: the CPU time of everything, and of the threads that are known;
//! - `lock`, `saved`: one at a time, and what has to come back;
//! - `priority`: scheduling policies, so that it is not kept from ending.
//!
//! What becomes of it:
//! - `results`: the document that a run leaves behind, and that all reports and comparisons read;
//! - `load`: reading it back;
//! - `percentile`: the percentiles that are figures;
//! - `metrics`, `statistics`: from counters to figures, and from rounds to medians and intervals;
//! - `environment`, `cpu_power`, `grade`: where it ran, and how far that can be trusted;
//! - `costs`, `drain`: what measuring costs;
//! - `report`: the tables, charts and pages of a result;
//! - `join`: several results of one machine as one;
//! - `compare`: what has changed from one to another.

pub mod compare;
pub mod costs;
pub mod cpu;
pub mod cpu_power;
pub mod drain;
pub mod environment;
pub mod foreign;
pub mod further;
pub mod grade;
pub mod job;
pub mod join;
pub mod knee;
pub mod load;
pub mod lock;
pub mod metrics;
pub mod outlook;
pub mod overrides;
pub mod percentile;
pub mod placement;
pub mod plan;
pub mod priority;
mod range;
pub mod reader;
pub mod replay;
pub mod report;
pub mod results;
pub mod rig;
pub mod round;
#[cfg(test)]
pub mod sample;
pub mod saved;
pub mod session;
pub mod setting;
pub mod soak;
pub mod statistics;
pub mod steady;
pub mod stress;
pub mod writes;
