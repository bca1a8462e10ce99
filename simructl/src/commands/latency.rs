// SPDX-License-Identifier: GPL-2.0-only

//! `simructl latency`: shows the latency of each stage of an event.

use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::commands::lines::{Shown, show_lines};
use simrupt::failure::Failure;
use simrupt::files::latency::{Latency, Percentile, Stage};
use simrupt::layout::columns;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::text::{micros, seconds};

const WHAT: &str = "cannot show the latencies";

/// The percentiles shown: name and share in permille.
const PERCENTILES: [(&str, u32); 4] = [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)];

pub(crate) fn run(sysroot: &Sysroot, options: &Options) -> Result<(), Failure> {
    let module = Module::find(sysroot, WHAT)?;
    show_lines(&module, options, |line| {
        let latency = module.latency(line, WHAT)?;
        Ok(Shown {
            is_bound: latency.is_some(),
            text: text(line, latency.as_ref()),
            document: json!({
                "line": line,
                "bound": latency.is_some(),
                "stages": latency.map(|latency| latency.0.iter().map(document).collect::<Vec<_>>()),
            }),
        })
    })
}

fn text(line: u32, latency: Option<&Latency>) -> String {
    let Some(Latency(stages)) = latency else {
        return format!("line{line}  driver unbound\n");
    };
    let mut rows = vec![header()];
    rows.extend(stages.iter().map(row));
    format!("line{line}  microseconds\n{}", columns("  ", &rows))
}

fn header() -> Vec<String> {
    let names = PERCENTILES.map(|(name, _)| name);
    [
        ["stage", "count"].as_slice(),
        &names,
        &["max", "at_s", "cpu", "overflow"],
    ]
    .concat()
    .into_iter()
    .map(String::from)
    .collect()
}

fn row(stage: &Stage) -> Vec<String> {
    let figure = |name| stage.figure(name);
    let mut row = vec![stage.name.clone(), figure("count").to_string()];
    for (_, permille) in PERCENTILES {
        row.push(match stage.percentile(permille) {
            Some(Percentile::Below(ns)) => micros(ns),
            Some(Percentile::Above(ns)) => format!(">{}", micros(ns)),
            None => "-".to_string(),
        });
    }
    row.extend(match figure("count") {
        0 => ["-", "-", "-"].map(String::from),
        _ => [
            micros(figure("max_ns")),
            seconds(figure("max_time_ns")),
            figure("max_cpu").to_string(),
        ],
    });
    row.push(figure("overflow").to_string());
    row
}

fn document(stage: &Stage) -> Value {
    let mut object = stage.document();
    let percentiles: Map<String, Value> = PERCENTILES
        .into_iter()
        .map(|(name, permille)| {
            let value = match stage.percentile(permille) {
                Some(Percentile::Below(ns)) => Some(ns),
                _ => None,
            };
            (name.to_string(), json!(value))
        })
        .collect();
    object.insert("percentiles_ns".to_string(), percentiles.into());
    object.into()
}
