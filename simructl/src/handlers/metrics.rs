// SPDX-License-Identifier: GPL-2.0-only

//! The totals since the beginning of a recording, for Prometheus and readers of its formats.

use std::collections::HashMap;
use std::io::{self, Write};

use simrupt::handlers::{Histogram, OnCpu, Row, Sample};
use simrupt::text::seconds;

use crate::handlers::choice::Choice;
use crate::handlers::percentile::{PERCENTILES, percentile_ns};
use crate::metrics::{self, Format, Type};

/// Writes the metrics of the chosen rows. The order of the rows, and so their labels, stay the same during a recording.
pub(super) fn metrics(
    output: &mut impl Write,
    sample: &Sample,
    choice: &Choice,
    format: Format,
) -> io::Result<()> {
    let rows: Vec<(String, &Row)> = labelled(&sample.rows)
        .into_iter()
        .filter(|(_, row)| choice.includes(row))
        .collect();
    let run = "Time from the start of a handler to its end";
    let wait =
        "Time from the request for a softirq, a work item or an interrupt thread to its begin";
    times(output, format, &rows, "run", run, |row| &row.counted.run)?;
    times(output, format, &rows, "wait", wait, |row| &row.counted.wait)?;
    let runs = "Runs of a handler that have ended.";
    per_cpu(output, format, &rows, "linux_handler_runs", runs, |on| {
        on.runs.to_string()
    })?;
    let family = "linux_handler_cpu_seconds";
    let cpu = "Time for which a handler had a CPU by itself.";
    per_cpu(output, format, &rows, family, cpu, |on| seconds(on.cpu_ns))?;
    for (family, help, count) in [
        (
            "linux_handler_trace_events",
            "Events that were read.",
            sample.events,
        ),
        (
            "linux_handler_trace_lost",
            "Events that were lost before they could be read.",
            sample.lost,
        ),
    ] {
        format.heading(output, family, Type::Counter, help)?;
        writeln!(output, "{family}_total {count}")?;
    }
    format.end(output)
}

/// Writes the percentiles of a time of every handler, and its longest.
fn times(
    output: &mut impl Write,
    format: Format,
    rows: &[(String, &Row)],
    what: &str,
    help: &str,
    of: fn(&Row) -> &Histogram,
) -> io::Result<()> {
    let rows = || rows.iter().map(|(labels, row)| (labels, of(row)));
    let family = format!("linux_handler_{what}_seconds");
    format.heading(output, &family, Type::Summary, &format!("{help}."))?;
    for (labels, histogram) in rows().filter(|(_, histogram)| histogram.count > 0) {
        for (_, permille) in PERCENTILES {
            let quantile = f64::from(permille) / 1000.0;
            let value = percentile_ns(histogram, permille).map_or("+Inf".to_string(), seconds);
            writeln!(
                output,
                "{family}{{{labels},quantile=\"{quantile}\"}} {value}"
            )?;
        }
        let (count, sum) = (histogram.count, seconds(histogram.sum_ns));
        writeln!(output, "{family}_sum{{{labels}}} {sum}")?;
        writeln!(output, "{family}_count{{{labels}}} {count}")?;
    }
    let family = format!("linux_handler_{what}_max_seconds");
    format.heading(
        output,
        &family,
        Type::Gauge,
        &format!("{help}: the longest."),
    )?;
    for (labels, histogram) in rows() {
        if let Some(max) = histogram.max() {
            writeln!(output, "{family}{{{labels}}} {}", seconds(max.value_ns))?;
        }
    }
    Ok(())
}

/// Writes a counter of every handler on every CPU that it ran on.
fn per_cpu(
    output: &mut impl Write,
    format: Format,
    rows: &[(String, &Row)],
    family: &str,
    help: &str,
    value: fn(&OnCpu) -> String,
) -> io::Result<()> {
    format.heading(output, family, Type::Counter, help)?;
    for (labels, row) in rows {
        for (cpu, on) in &row.counted.cpus {
            let value = value(on);
            writeln!(output, "{family}_total{{{labels},cpu=\"{cpu}\"}} {value}")?;
        }
    }
    Ok(())
}

/// The rows with the labels that identify them.
fn labelled(rows: &[Row]) -> Vec<(String, &Row)> {
    let mut known: HashMap<String, u32> = HashMap::new();
    let labelled = rows.iter().map(|row| {
        let mut labels = metrics::labels(&[
            ("kind", Some(row.kind)),
            ("interrupt", row.interrupt.as_deref()),
            ("name", Some(&row.name)),
            ("module", row.module.as_deref()),
            ("queue", row.queue.as_deref()),
        ]);
        let count = known.entry(labels.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            // Two functions with the same name, or one function at two addresses, are two series.
            labels += &format!(",row=\"{count}\"");
        }
        (labels, row)
    });
    labelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(name: &str) -> Row {
        Row {
            kind: "work",
            irq: None,
            interrupt: None,
            name: name.to_string(),
            module: None,
            queue: Some("events".to_string()),
            counted: Default::default(),
        }
    }

    #[test]
    fn rows_with_the_same_names_are_different_series() {
        let rows = ["a", "b", "a", "a"].map(work);
        let labels: Vec<String> = labelled(&rows).into_iter().map(|(text, _)| text).collect();
        let a = r#"kind="work",name="a",queue="events""#;
        assert_eq!(labels[0], a);
        assert_eq!(labels[2], format!(r#"{a},row="2""#));
        assert_eq!(labels[3], format!(r#"{a},row="3""#));
        assert!(labels[1].ends_with(r#"name="b",queue="events""#));
    }
}
