// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's file that a table is a copy of: one of two.

use std::fmt;

use crate::softirq;
use crate::table::{Counts, Row};

/// One of the kernel's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `/proc/interrupts`
    Interrupts,
    /// `/proc/softirqs`
    Softirqs,
}

impl Kind {
    /// The file's path.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Interrupts => "/proc/interrupts",
            Self::Softirqs => "/proc/softirqs",
        }
    }

    /// A table of softirqs has their names, and nothing after the counts.
    pub(crate) fn of(rows: &[Row]) -> Option<Self> {
        let is_plain = |row: &Row| {
            row.irq().is_none()
                && row.about.description.is_none()
                && matches!(row.counts, Counts::PerCpu(_))
        };
        match rows.iter().all(is_plain) {
            false => Some(Self::Interrupts),
            true => {
                let is_softirq = |row: &Row| softirq::description(&row.name).is_some();
                rows.iter().any(is_softirq).then_some(Self::Softirqs)
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
