// SPDX-License-Identifier: GPL-2.0-only

//! A trace in a file in the form of tracefs, from this machine or another one.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::failure::Failure;
use crate::handlers::event::{Names, Sink};
use crate::handlers::pairing::Pairing;
use crate::handlers::row::{Damage, Row};
use crate::handlers::sample::Sample;
use crate::handlers::symbols::Symbols;
use crate::trace::rows::Pieces;

/// A trace that is taken piece by piece.
///
/// ```
/// use simrupt::handlers::Kept;
///
/// let mut kept = Kept::default();
/// kept.take(&std::fs::read("../../tests/handlers.txt").unwrap());
/// let (sample, _) = kept.end()?;
/// let row = sample.rows.iter().find(|row| row.name == "nvme0q1" && row.kind == "thread").unwrap();
/// assert_eq!(row.counted.run.max().unwrap().value_ns, 50_000);
/// # Ok::<(), simrupt::failure::Failure>(())
/// ```
#[derive(Debug, Default)]
pub struct Kept {
    pieces: Pieces,
    names: Names,
    pairing: Pairing,
    cpus: BTreeSet<u32>,
    /// The times of the first and the last event.
    times: Option<[u64; 2]>,
    lost: u64,
    odd: Option<Odd>,
}

/// Rows that were not understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Odd {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub row: String,
    /// The reason.
    pub why: String,
    /// How to get a trace that can be parsed.
    pub remedy: &'static str,
}

impl Kept {
    /// Takes the next piece of the trace.
    pub fn take(&mut self, bytes: &[u8]) {
        let Some(rows) = self.pieces.take(bytes) else {
            return;
        };
        for row in rows.lines() {
            match Row::parse(row, &mut self.names) {
                Ok(Row::Event(event)) => {
                    let ns = event.at.ns;
                    let [first, last] = self.times.unwrap_or([ns; 2]);
                    self.times = Some([first.min(ns), last.max(ns)]);
                    self.cpus.insert(event.at.cpu);
                    self.pairing.take(&event);
                }
                Ok(Row::Lost(count)) => {
                    self.lost = self.lost.saturating_add(count);
                    self.pairing.lose();
                }
                Ok(Row::Other) => {}
                Err(Damage { why, remedy }) => {
                    let odd = self.odd.get_or_insert_with(|| Odd {
                        count: 0,
                        row: row.trim_start().to_string(),
                        why,
                        remedy,
                    });
                    odd.count += 1;
                }
            }
        }
    }

    /// The sample of the whole trace, and the rows that were not understood.
    ///
    /// # Errors
    ///
    /// The trace contains no event of a handler. The failure says how to take one.
    pub fn end(mut self) -> Result<(Sample, Option<Odd>), Failure> {
        const WHAT: &str = "cannot show the trace";
        let Some([first, last]) = self.times else {
            return Err(match self.odd {
                Some(odd) => {
                    Failure::new(WHAT, format!("{}: {}", odd.why, odd.row)).remedy(odd.remedy)
                }
                None => Failure::new(
                    WHAT,
                    "it holds no event of an interrupt, a softirq or a work item",
                )
                .remedy("events/irq/enable and events/workqueue/enable in tracefs, then cat trace"),
            });
        };
        let is_exact = self.pairing.has_switches;
        let taken = self.pairing.end(last);
        let time = Duration::from_nanos(last - first);
        let sample = Sample {
            cpus: self.cpus.into_iter().collect(),
            interval: Some(time).filter(|time| !time.is_zero()),
            elapsed: time,
            lost: self.lost,
            odd: self.odd.as_ref().map_or(0, |odd| odd.count),
            is_exact,
            ..Sample::of(taken, &self.names, &Symbols::default())
        };
        Ok((sample, self.odd))
    }
}
