// SPDX-License-Identifier: GPL-2.0-only

//! The duration of each stage of an event: a histogram per stage, each written by the one context
//! that measures it.

use crate::{
    kext::kvec,
    logic::{
        histogram::{
            Histogram,
            BUCKETS, //
        },
        platform::Word, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The histograms of a line, in nanoseconds.
pub(crate) struct Latency {
    /// From an event's due time to the top half. Measured by the top half, for each event.
    pub(super) due_irq: Arc<Histogram>,
    /// From the top half to the bottom half. Measured by the bottom half, for each event.
    pub(super) irq_bh: Arc<Histogram>,
    /// The duration of a run of the bottom half. Measured by the bottom half, for each run.
    pub(super) bh_run: Arc<Histogram>,
    /// From an event's due time to its delivery to a reader. Measured by readers, for each event.
    pub(super) due_read: Arc<Histogram>,
}

fn histogram() -> Result<Arc<Histogram>> {
    let buckets = kvec::filled(BUCKETS, || Word::new(0))?;
    Ok(Arc::new(Histogram::new(buckets), GFP_KERNEL)?)
}

impl Latency {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            due_irq: histogram()?,
            irq_bh: histogram()?,
            bh_run: histogram()?,
            due_read: histogram()?,
        })
    }

    /// Every stage with its name, in the order in which an event passes them.
    pub(crate) fn stages(&self) -> [(&'static str, &Histogram); 4] {
        [
            ("due_irq", &self.due_irq),
            ("irq_bh", &self.irq_bh),
            ("bh_run", &self.bh_run),
            ("due_read", &self.due_read),
        ]
    }
}
