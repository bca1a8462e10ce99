// SPDX-License-Identifier: GPL-2.0-only

//! Tables as CSV: a row for each count, as RFC 4180 says.

use std::io::{self, Write};

use proc_interrupts::Counts;

use crate::interrupts::view::{Shown, View};
use simrupt::text::csv_field;

/// The first row.
pub(crate) const CSV_HEADER: &str = "time,elapsed_s,name,chip,hwirq,trigger,type,node,actions,description,cpu,\
                                     total,increase,per_second\n";

impl View<'_> {
    /// Writes the rows.
    pub(crate) fn csv(&self, output: &mut impl Write) -> io::Result<()> {
        let time = self.time.map(humantime::format_rfc3339_millis);
        let time = time.map(|time| time.to_string());
        for shown in self.all_shown() {
            let Shown {
                row,
                change,
                placement,
            } = &shown;
            let about = &row.about;
            let text = |text: Option<&str>| text.map(str::to_string);
            let lead = [
                time.clone(),
                self.elapsed
                    .map(|elapsed| format!("{:.6}", elapsed.as_secs_f64())),
                Some(row.name.clone()),
                about.chip.clone(),
                about.hwirq.map(|hwirq| hwirq.to_string()),
                text(about.trigger()),
                text(about.trigger_type.map(|of| of.as_str())),
                placement
                    .and_then(|place| place.node)
                    .map(|node| node.to_string()),
                // With the kernel's separator, which no action contains.
                Some(about.actions.join(", ")),
                text(self.description(row)),
            ];
            let lead = lead
                .map(|field| csv_field(&field.unwrap_or_default()))
                .join(",");
            let mut count = |cpu: Option<u32>, total: u64, increase: Option<u64>| {
                write!(output, "{lead},")?;
                if let Some(cpu) = cpu {
                    write!(output, "{cpu}")?;
                }
                write!(output, ",{total},")?;
                if let Some(increase) = increase {
                    write!(output, "{increase}")?;
                }
                match self.per_second(increase) {
                    Some(rate) => writeln!(output, ",{rate:.3}"),
                    None => writeln!(output, ","),
                }
            };
            match &row.counts {
                Counts::None => {}
                Counts::Once(total) => count(None, *total, shown.increase())?,
                Counts::PerCpu(totals) => {
                    let mut increases = change.map(|change| change.per_cpu());
                    for (cpu, total) in self.table.cpus.iter().zip(totals.iter()) {
                        let increase = increases.as_mut().and_then(Iterator::next).flatten();
                        count(Some(*cpu), total, increase)?;
                    }
                }
            }
        }
        Ok(())
    }
}
