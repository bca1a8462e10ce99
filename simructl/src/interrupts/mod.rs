// SPDX-License-Identifier: GPL-2.0-only

//! Who is interrupted, by what and how often: `/proc/interrupts` and `/proc/softirqs`, of any machine.

pub(crate) mod changes;
pub(crate) mod choice;
mod heat;
pub(crate) mod outputs;
pub(crate) mod placement;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod text;
