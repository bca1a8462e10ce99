// SPDX-License-Identifier: GPL-2.0-only

//! A sample as CSV: a row for each handler, and one for each CPU that it ran on, as RFC 4180 says.

use std::io::{self, Write};

use simrupt::handlers::Histogram;
use simrupt::text::csv_field;

use crate::handlers::percentile::{PERCENTILES, percentile_ns};
use crate::handlers::view::View;

/// The columns of the names and the counts.
const COLUMNS: &str =
    "elapsed_s,kind,interrupt,name,module,queue,cpu,runs,per_second,cpu_ns,cpu_percent";

/// The first row.
pub(super) fn header() -> String {
    let mut columns = vec![COLUMNS.to_string()];
    for (count, name) in [(None, "run"), (Some("waits"), "wait")] {
        columns.extend(count.map(String::from));
        columns.push(format!("{name}_sum_ns"));
        columns.extend(PERCENTILES.map(|(percentile, _)| format!("{name}_{percentile}_ns")));
        columns.extend(["max_ns", "max_at_ns", "max_cpu"].map(|what| format!("{name}_{what}")));
    }
    columns.join(",") + "\n"
}

impl View<'_> {
    /// Writes the rows.
    pub(super) fn csv(&self, output: &mut impl Write) -> io::Result<()> {
        let sample = self.sample;
        for row in &self.rows {
            let counted = &row.counted;
            let names = [
                Some(format!("{:.6}", sample.elapsed.as_secs_f64())),
                Some(row.kind.to_string()),
                row.interrupt.clone(),
                Some(row.name.clone()),
                row.module.clone(),
                row.queue.clone(),
            ];
            let names = names
                .map(|name| csv_field(&name.unwrap_or_default()))
                .join(",");
            let mut line = |cpu: &str, runs: u64, cpu_ns: u64, times: Vec<String>| {
                let three =
                    |number: Option<f64>| number.map_or(String::new(), |n| format!("{n:.3}"));
                let rate = three(sample.per_second(runs));
                let percent = three(sample.percent(cpu_ns));
                let times = times.join(",");
                writeln!(
                    output,
                    "{names},{cpu},{runs},{rate},{cpu_ns},{percent},{times}"
                )
            };
            let mut all = times(&counted.run);
            all.push(counted.wait.count.to_string());
            all.extend(times(&counted.wait));
            let fields = all.len();
            line("", counted.run.count, counted.cpu_ns(), all)?;
            for (cpu, on) in &counted.cpus {
                let mut times = vec![String::new(); fields];
                times[0] = on.run_ns.to_string();
                line(&cpu.to_string(), on.runs, on.cpu_ns, times)?;
            }
        }
        Ok(())
    }
}

/// The sum, the percentiles, and the longest with its time and CPU.
fn times(histogram: &Histogram) -> Vec<String> {
    if histogram.count == 0 {
        return vec![String::new(); 4 + PERCENTILES.len()];
    }
    let number = |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
    let mut fields = vec![histogram.sum_ns.to_string()];
    fields.extend(PERCENTILES.map(|(_, permille)| number(percentile_ns(histogram, permille))));
    let max = histogram.max();
    fields.push(number(max.map(|max| max.value_ns)));
    fields.push(number(max.map(|max| max.at_ns)));
    fields.push(number(max.map(|max| max.cpu.into())));
    fields
}
