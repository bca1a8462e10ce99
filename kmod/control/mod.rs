// SPDX-License-Identifier: GPL-2.0-only

//! How users change and watch the lines: the knobs' three faces, and the statistics. Process context.
//!
//! - [`values`] keeps what each knob is set to.
//! - [`lines`] has the lines, and the lock of each: [`setup`] puts a line together from its knobs.
//! - [`changes`] brings a change about; [`set`] is the one setter behind all faces.
//! - [`params`] is the face in /sys/module/simrupt/parameters and on insmod's command line.
//! - [`files`] is the face in debugfs.
//! - [`schedule`] is the file there that has the gaps of a replay.
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
