// SPDX-License-Identifier: GPL-2.0-only

//! The observer of reads.

use super::{
    meters::Meters,
    trace, //
};
use crate::{
    driver::{
        ObserveReads,
        Stamp, //
    },
    logic::{
        abi::{
            due_ns_of,
            seq_of,
            Words, //
        },
        histogram::{
            Histogram,
            Recorder, //
        },
        ring::Span, //
    },
};
use kernel::sync::Arc;

/// See the module's description.
pub(crate) struct ReadMeter {
    index: usize,
    due_read: Recorder<Arc<Histogram>>,
}

impl ReadMeter {
    pub(crate) fn new(meters: &Meters) -> Self {
        Self {
            index: meters.index,
            due_read: Recorder::new(meters.latency.due_read.clone()),
        }
    }

    /// Restarts all counts at 0.
    pub(crate) fn reset(&mut self) {
        self.due_read.reset();
    }
}

impl ObserveReads for ReadMeter {
    #[inline]
    fn delivered(&mut self, records: &[Words]) {
        let ([first, ..], [.., last]) = (records, records) else {
            return;
        };
        let Stamp { ns, cpu } = Stamp::now();
        if trace::read_enabled() {
            let span = Span {
                seq: seq_of(first),
                last_seq: seq_of(last),
                events: records.len() as u64,
            };
            trace::read(self.index, span, due_ns_of(first), ns);
        }
        self.due_read.record_row(records, due_ns_of, ns, cpu);
    }
}
