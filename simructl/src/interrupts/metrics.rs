// SPDX-License-Identifier: GPL-2.0-only

//! Totals for Prometheus and readers of its formats, which compute rates themselves.

use std::collections::HashMap;
use std::io::{self, Write};

use proc_interrupts::{Counts, Kind, Row};

use crate::interrupts::view::View;
use crate::metrics::{self, Format, Type};

/// The choice of series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series {
    pub(crate) format: Format,
    /// Only series that are not 0.
    pub(crate) is_without_zeros: bool,
    /// One series for all CPUs together, without a label `cpu`.
    pub(crate) is_sum: bool,
}

impl View<'_> {
    /// Writes the totals. Rows that are sums of others are left out, so that a sum over all series is right.
    pub(crate) fn metrics(&self, output: &mut impl Write, series: Series) -> io::Result<()> {
        let (family, help) = match self.kind {
            Kind::Interrupts => ("linux_interrupts", "Interrupts by cause and CPU."),
            Kind::Softirqs => ("linux_softirqs", "Softirqs by vector and CPU."),
        };
        let format = series.format;
        format.heading(output, family, Type::Counter, help)?;
        let mut known: HashMap<String, u32> = HashMap::new();
        for at in self.table.summands(self.rows) {
            let row = &self.table.rows[at];
            let mut labels = labels(row);
            let count = known.entry(labels.clone()).or_insert(0);
            *count += 1;
            if *count > 1 {
                // Two rows with the same labels are two series all the same.
                labels += &format!(",row=\"{count}\"");
            }
            let mut sample = |cpu: &str, count: u64| match count == 0 && series.is_without_zeros {
                true => Ok(()),
                false => writeln!(output, "{family}_total{{{labels}{cpu}}} {count}"),
            };
            match &row.counts {
                Counts::None => {}
                Counts::Once(total) => sample("", *total)?,
                Counts::PerCpu(counts) if series.is_sum => sample("", counter(counts.iter()))?,
                Counts::PerCpu(counts) => {
                    for (cpu, count) in self.table.cpus.iter().zip(counts.iter()) {
                        sample(&format!(",cpu=\"{cpu}\""), count)?;
                    }
                }
            }
        }
        format.end(output)
    }
}

/// The sum of 32-bit counters, as a 32-bit counter. If one of them wraps around, the plain sum falls by four billion,
/// which readers take for as many new interrupts. This sum goes on, and itself wraps around to about 0, which readers
/// expect of a counter that was reset.
fn counter(counts: impl Iterator<Item = u64> + Clone) -> u64 {
    let is_narrow = counts.clone().all(|count| u32::try_from(count).is_ok());
    let sum = counts.fold(0, u64::saturating_add);
    match is_narrow {
        true => sum & u64::from(u32::MAX),
        false => sum,
    }
}

/// The labels that identify a row. The number of an interrupt alone says little, and changes from boot to boot.
fn labels(row: &Row) -> String {
    let about = &row.about;
    let actions = (!about.actions.is_empty()).then(|| about.actions.join(", "));
    metrics::labels(&[
        ("name", Some(&row.name)),
        ("chip", about.chip.as_deref()),
        ("actions", actions.as_deref()),
        ("description", about.description.as_deref()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_goes_on_when_one_of_its_counters_wraps_around() {
        let end = u64::from(u32::MAX);
        let before = counter([end - 1, 5].into_iter());
        let after = counter([1, 7].into_iter());
        // 3 and 2 more, modulo 2^32.
        assert_eq!(after.wrapping_sub(before) & end, 5);
        assert_eq!(counter([3, 4].into_iter()), 7);
        // Counters that are not the kernel's.
        assert_eq!(counter([end + 1, 4].into_iter()), end + 5);
    }
}
