// SPDX-License-Identifier: GPL-2.0-only

//! The module's files, parsed. Whatever they hold, the answer is a value or a reason, never a panic.

pub mod contexts;
pub mod latency;
pub mod records;
pub mod stats;
pub mod table;
pub mod value;
