// SPDX-License-Identifier: GPL-2.0-only

#![doc = include_str!("../README.md")]
//! ## Modules
//!
//! The run:
//! - `setting`: modes, flavors, stress and the like, which jobs, measurements and results share;
//! - `job`, `overrides`: the job of a preset or a file, and the values that replace some of it;
//! - `placement`: the CPUs of lines and readers;
//! - `plan`: the cells of a job, their order, and the time they take;
//! - `outlook`: the differences that the results will be able to show;
//! - `session`: runs a plan, from the first change of a knob to the last one that is reverted.
//!
//! The measurement:
//! - `rig`: the lines under test, and their knobs;
//! - `foreign`, `writes`: changes that others make to the lines during the run;
//! - `round`, `knee`: one round of a cell, and the search for the highest rate;
//! - `steady`: how long the lines warm up;
//! - `reader`, `stress`: readers and interference;
//! - `soak`, `cpu`: the CPU time in total, and of the known threads;
//! - `lock`, `saved`: one run at a time, and the values to restore;
//! - `priority`: scheduling policies, so that a run can always be ended.
//!
//! The results:
//! - `results`: the document of a run, which all reports and comparisons read;
//! - `load`: reading it back;
//! - `percentile`: the percentiles that are figures;
//! - `metrics`: from counters to figures; `simrupt-statistics` makes medians and intervals of rounds;
//! - `environment`, `cpu_power`, `grade`: the machine, and how far its figures can be trusted;
//! - `costs`, `drain`: the costs of measuring;
//! - `report`: the tables, charts and pages of a result;
//! - `join`: joins several results of one machine;
//! - `compare`: the changes from one result to another.

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
pub mod steady;
pub mod stress;
pub mod writes;
