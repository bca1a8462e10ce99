// SPDX-License-Identifier: GPL-2.0-only

//! A measurement of the running kernel, which gives samples on request.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::handlers::pairing::{Pairing, Taken};
use crate::handlers::recorder::{Recorder, of_handlers};
use crate::handlers::sample::{Sample, addresses};
use crate::handlers::symbols::Symbols;
use crate::sysroot::Sysroot;
use crate::trace::PERIOD;

/// The beginning of the period of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Since the previous sample.
    SinceLast,
    /// Since the beginning.
    SinceStart,
}

/// A measurement in progress. Dropping it ends it, and removes its trace instance.
#[derive(Debug)]
pub struct Recording<'a> {
    sysroot: &'a Sysroot,
    recorder: Recorder,
    pairing: Pairing,
    symbols: Symbols,
    span: Span,
    /// The end of the last sample, and the counts at that time.
    last_ns: u64,
    last_lost: u64,
    last_odd: u64,
}

impl<'a> Recording<'a> {
    /// Begins to measure, with a buffer of `buffer_kib` KiB for each CPU; `None` chooses a size by the number of CPUs.
    ///
    /// # Errors
    ///
    /// Says why this process cannot trace, and which events the kernel lacks.
    pub fn start(
        sysroot: &'a Sysroot,
        buffer_kib: Option<u32>,
        span: Span,
    ) -> Result<Self, Failure> {
        let recorder = Recorder::start(sysroot, of_handlers(sysroot), buffer_kib)?;
        Ok(Self {
            sysroot,
            span,
            last_ns: recorder.start_ns,
            recorder,
            pairing: Pairing::default(),
            symbols: Symbols::default(),
            last_lost: 0,
            last_odd: 0,
        })
    }

    /// Reads the events that have come. Must be called at least once per [`PERIOD`], or the buffers overflow.
    pub fn read(&mut self) -> Result<(), Failure> {
        self.recorder.read(&mut self.pairing).map(|_| ())
    }

    /// A sample up to now.
    pub fn sample(&mut self) -> Result<Sample, Failure> {
        let until_ns = self.recorder.read(&mut self.pairing)?;
        let keep = self.span == Span::SinceStart;
        let taken = self.pairing.taken(until_ns, keep);
        self.named(taken, until_ns)
    }

    /// Ends the measurement; returns the last sample.
    pub fn end(mut self) -> Result<Sample, Failure> {
        let end_ns = self.recorder.stop()?;
        self.recorder.rest(&mut self.pairing)?;
        let taken = self.pairing.end(end_ns);
        self.named(taken, end_ns)
    }

    /// A sample of the counts and times, with the names of the handlers.
    fn named(&mut self, taken: Taken, until_ns: u64) -> Result<Sample, Failure> {
        // No event may be lost during the look-up of names.
        let (recorder, pairing) = (&mut self.recorder, &mut self.pairing);
        let mut read = Instant::now();
        self.symbols.find(self.sysroot, addresses(&taken), || {
            if read.elapsed() >= PERIOD {
                recorder.read(pairing)?;
                read = Instant::now();
            }
            Ok(())
        })?;
        let start_ns = self.recorder.start_ns;
        let (since_ns, lost, odd) = match self.span {
            Span::SinceStart => (start_ns, 0, 0),
            Span::SinceLast => (self.last_ns, self.last_lost, self.last_odd),
        };
        let time = |since_ns| Duration::from_nanos(until_ns.saturating_sub(since_ns));
        (self.last_ns, self.last_lost, self.last_odd) =
            (until_ns, self.recorder.lost(), self.recorder.odd());
        Ok(Sample {
            cpus: self.recorder.cpus(),
            interval: Some(time(since_ns)).filter(|interval| !interval.is_zero()),
            elapsed: time(start_ns),
            lost: self.last_lost.saturating_sub(lost),
            odd: self.last_odd.saturating_sub(odd),
            is_exact: self.recorder.has_switches(),
            ..Sample::of(taken, &self.recorder.names, &self.symbols)
        })
    }
}
