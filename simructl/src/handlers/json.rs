// SPDX-License-Identifier: GPL-2.0-only

//! A sample as JSON, one document in one line.

use std::io::{self, Write};

use serde_json::{Value, json};
use simrupt::handlers::{Histogram, Row, Sample};

use crate::handlers::percentile::{PERCENTILES, percentile_ns};
use crate::handlers::view::View;

impl View<'_> {
    /// Writes the document.
    pub(super) fn json(&self, output: &mut impl Write) -> io::Result<()> {
        let sample = self.sample;
        let rows: Vec<Value> = self.rows.iter().map(|row| document(sample, row)).collect();
        let document = json!({
            "elapsed_s": sample.elapsed.as_secs_f64(),
            "interval_s": sample.interval.map(|interval| interval.as_secs_f64()),
            "cpus": sample.cpus,
            "events": sample.events,
            "lost": sample.lost,
            "not_understood": sample.odd,
            "unpaired": {
                "begins": sample.unpaired.begins,
                "ends": sample.unpaired.ends,
                "requests": sample.unpaired.requests,
            },
            "cpu_time_is_exact": sample.is_exact,
            "rows": rows,
        });
        writeln!(output, "{document}")
    }
}

fn document(sample: &Sample, row: &Row) -> Value {
    let counted = &row.counted;
    let cpu_ns = counted.cpu_ns();
    let per_cpu = counted.cpus.iter().map(
        |(cpu, on)| json!({"cpu": cpu, "runs": on.runs, "run_ns": on.run_ns, "cpu_ns": on.cpu_ns}),
    );
    let per_cpu: Vec<Value> = per_cpu.collect();
    let wait = (counted.wait.count > 0).then(|| times(&counted.wait));
    json!({
        "kind": row.kind,
        "irq": row.irq,
        "interrupt": row.interrupt,
        "name": row.name,
        "module": row.module,
        "queue": row.queue,
        "runs": counted.run.count,
        "per_second": sample.per_second(counted.run.count),
        "cpu_ns": cpu_ns,
        "cpu_percent": sample.percent(cpu_ns),
        "run": times(&counted.run),
        "wait": wait,
        "per_cpu": per_cpu,
    })
}

fn times(histogram: &Histogram) -> Value {
    let buckets: Vec<_> = histogram.buckets().collect();
    let mut document = json!({
        "count": histogram.count,
        "sum_ns": histogram.sum_ns,
        "mean_ns": histogram.mean_ns(),
        "max_ns": histogram.max().map(|max| max.value_ns),
        "max_at_ns": histogram.max().map(|max| max.at_ns),
        "max_cpu": histogram.max().map(|max| max.cpu),
        "overflow": histogram.overflow,
        "buckets": buckets,
    });
    for (name, permille) in PERCENTILES {
        document[format!("{name}_ns")] = json!(percentile_ns(histogram, permille));
    }
    document
}
