// SPDX-License-Identifier: GPL-2.0-only

//! The module's tracepoints: how a trace of them is taken, read, and shown.

use std::time::Duration;

pub mod event;
pub mod instance;
pub mod journey;
pub mod perfetto;
pub mod rows;
pub mod seen;
pub mod tracefs;

/// How often a trace is read. A reader that waits would be woken by the hits themselves, and show in the
/// times.
pub const PERIOD: Duration = Duration::from_millis(100);
/// What it is that fails when a trace cannot be taken.
pub const WHAT: &str = "cannot trace";
