// SPDX-License-Identifier: GPL-2.0-only

//! The part of a sample that is shown.

use simrupt::handlers::{Row, Sample};

/// A sample, and those of its rows that are shown.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) sample: &'a Sample,
    /// The rows in their order.
    pub(super) rows: Vec<&'a Row>,
}
