// SPDX-License-Identifier: GPL-2.0-only

//! How users change and watch the lines: the knobs' three faces, and the statistics. Process
//! context.
//!
//! - [`values`] keeps what each knob is set to.
//! - [`set`] is the one setter behind all faces.
//! - [`params`] is the face in /sys/module/simrupt/parameters and on insmod's command line.
//! - [`files`] is the face in debugfs, over the raw files of [`debugfs`].
//! - [`stats`] reads the books.

mod debugfs;
mod files;
mod params;
mod set;
mod stats;
mod values;

pub(crate) use self::{
    files::Faces,
    set::apply_all,
    values::{
        begin,
        cpu,
        limit_pct,
        shape,
        value, //
    },
};
