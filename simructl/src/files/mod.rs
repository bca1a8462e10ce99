// SPDX-License-Identifier: GPL-2.0-only

//! The module's files, parsed. Whatever they hold, the answer is a value or a reason, never a panic.

pub(crate) mod contexts;
pub(crate) mod latency;
pub(crate) mod records;
pub(crate) mod stats;
pub(crate) mod table;
pub(crate) mod value;
