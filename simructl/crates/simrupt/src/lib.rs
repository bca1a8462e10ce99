// SPDX-License-Identifier: GPL-2.0-only

#![doc = include_str!("../README.md")]
//! ## Modules
//!
//! - [`sysroot`]: where these files are;
//! - [`module`], [`lines`]: the loaded module, and the selection of its lines;
//! - [`knobs`], [`changes`]: the knobs, and changes of them, all or none;
//! - [`pairs`]: values of two knobs that a line cannot have together;
//! - [`device`]: the character device of a line;
//! - [`mod@line`], [`verdict`]: the counters of a line, and whether their sums hold;
//! - [`files`]: the parsers of the module's files;
//! - [`profile`], [`target`]: knobs and values in a file, and the changes that it asks for;
//! - [`modinfo`]: the information in a module file;
//! - [`arrivals`], [`schedule`]: arrival times in a file, and in a line that replays them;
//! - [`trace`]: the module's tracepoints;
//! - [`handlers`]: how often the machine's handlers run, how long they wait, and how long they run;
//! - [`failure`]: a failure, its reason, and the remedy;
//! - [`replacement`]: files that are replaced as a whole;
//! - [`ktap`]: test results for CI systems;
//! - [`stop`]: a flag that ends waits;
//! - [`text`]: figures and tables as text.

pub mod arrivals;
pub mod changes;
pub mod device;
pub mod failure;
pub mod files;
pub mod handlers;
pub mod knobs;
pub mod ktap;
pub mod layout;
pub mod line;
pub mod lines;
pub mod modinfo;
pub mod module;
mod nearest;
pub mod pairs;
mod plain;
pub mod profile;
pub mod replacement;
pub mod schedule;
pub mod stop;
pub mod sysroot;
pub mod target;
pub mod text;
pub mod trace;
pub mod verdict;

pub use crate::nearest::nearest;
