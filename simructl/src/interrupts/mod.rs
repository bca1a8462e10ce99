// SPDX-License-Identifier: GPL-2.0-only

//! Interrupts and softirqs by CPU: `/proc/interrupts` and `/proc/softirqs`, of any machine. The crate `proc-interrupts`
//! parses the files. This module reads and shows them.
//!
//! - `source`, `sysfs`, `placement`, `nodes`: the kernel's files;
//! - `choice`, `columns`, `view`: the parts that are shown;
//! - `text`, `heading`, `transposed`, `shares`: as tables for people;
//! - `json`, `csv`, `pairs`, `metrics`: for programs;
//! - `moment`, `watch`: once, or repeatedly.

pub(crate) mod choice;
pub(crate) mod columns;
mod csv;
mod heading;
mod json;
pub(crate) mod metrics;
pub(crate) mod moment;
pub(crate) mod nodes;
mod pairs;
pub(crate) mod placement;
mod shares;
pub(crate) mod source;
mod sysfs;
pub(crate) mod text;
mod transposed;
mod view;
pub(crate) mod watch;
