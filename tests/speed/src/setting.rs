// SPDX-License-Identifier: GPL-2.0-only

//! The settings that each driver is measured with.

/// How a driver is loaded.
#[derive(Debug)]
pub(crate) struct Setting {
    /// How the top half defers the rest of its work: `none`, `bh`, `bound` or `unbound`.
    pub(crate) deferral: &'static str,
    /// Events per second.
    pub(crate) rate_hz: u64,
    /// Events per interrupt.
    pub(crate) burst: u64,
    /// What is measured.
    pub(crate) kind: Kind,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// CPU time of an event, from the timer's interrupt to the end of read(2).
    Event,
    /// Time to read a record from a full fifo, as characters or as a whole.
    Drain {
        /// Whether it is read as a record of 40 bytes.
        record: bool,
    },
}

const fn events(deferral: &'static str, rate_hz: u64, burst: u64) -> Setting {
    Setting {
        deferral,
        rate_hz,
        burst,
        kind: Kind::Event,
    }
}

const fn drain(record: bool) -> Setting {
    Setting {
        deferral: "unbound",
        // Twenty interrupts per second: the reader is done between two of them.
        rate_hz: 20_480,
        burst: 1024,
        kind: Kind::Drain { record },
    }
}

/// Every setting.
pub(crate) const SETTINGS: [Setting; 14] = [
    events("none", 10_000, 1),
    events("bh", 10_000, 1),
    events("bound", 10_000, 1),
    events("unbound", 10_000, 1),
    events("none", 640_000, 64),
    events("bh", 640_000, 64),
    events("bound", 640_000, 64),
    events("unbound", 640_000, 64),
    events("none", 10_000, 64),
    events("unbound", 10_000, 64),
    events("none", 10_000, 128),
    events("unbound", 10_000, 128),
    drain(false),
    drain(true),
];

impl Setting {
    /// The setting in a few words.
    pub(crate) fn name(&self) -> String {
        match self.kind {
            Kind::Event if self.burst == 1 => {
                format!("{}, {} Hz", self.deferral, self.rate_hz)
            }
            Kind::Event => format!(
                "{}, {} Hz, {} per interrupt",
                self.deferral, self.rate_hz, self.burst
            ),
            Kind::Drain { record: false } => "draining, a character".to_string(),
            Kind::Drain { record: true } => "draining, a record".to_string(),
        }
    }
}
