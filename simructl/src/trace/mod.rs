// SPDX-License-Identifier: GPL-2.0-only

//! The module's tracepoints: how a trace of them is taken, read, and shown.

use std::time::Duration;

pub(crate) mod event;
pub(crate) mod instance;
pub(crate) mod journey;
pub(crate) mod lesson;
pub(crate) mod perfetto;
pub(crate) mod rows;
pub(crate) mod timeline;

/// How often a trace is read. A reader that waits would be woken by the hits themselves, and show in the
/// times.
pub(crate) const PERIOD: Duration = Duration::from_millis(100);
/// What it is that fails when a trace cannot be taken.
pub(crate) const WHAT: &str = "cannot trace";
