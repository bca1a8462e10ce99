// SPDX-License-Identifier: GPL-2.0-only

//! How users change and watch the lines: the three interfaces to the knobs, and the statistics.
//! Process context.
//!
//! - [`values`] stores the value of each knob.
//! - [`lines`] holds the lines with their locks. [`setup`] builds a line from its knobs.
//! - [`changes`] prepares and applies changes. [`set`] is the common setter of all interfaces.
//! - [`params`] is the interface in /sys/module/simrupt/parameters and on the command line of
//!   insmod.
//! - [`files`] is the interface in debugfs.
//! - [`schedule`] is the debugfs file with the gaps of a replay.
//! - [`stats`] reads the counters.

mod changes;
mod files;
mod lines;
mod params;
mod schedule;
mod set;
mod setup;
mod stats;
mod values;

pub(crate) use self::{
    files::Faces,
    lines::{
        Hardware,
        PlatformDevices, //
    },
    setup::Simrupt, //
};
