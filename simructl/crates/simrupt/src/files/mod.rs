// SPDX-License-Identifier: GPL-2.0-only

//! The module's files, parsed. Any content gives a value or a reason, never a panic.

pub mod contexts;
pub mod latency;
pub mod records;
pub mod stats;
pub mod table;
pub mod value;
