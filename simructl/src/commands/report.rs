// SPDX-License-Identifier: GPL-2.0-only

//! `simructl report`: makes reports of result files.

use std::path::PathBuf;

use crate::cli::Outputs;
use crate::commands::result_files;
use crate::destination::Claims;
use crate::documents::Documents;
use crate::output;
use simrupt::failure::Failure;
use simrupt_bench::join::{Named, by_machine, obstacle};
use simrupt_bench::report;

pub(crate) fn run(files: &[PathBuf], outputs: &Outputs) -> Result<(), Failure> {
    result_files::check("cannot make a report", files)?;
    let claims = Claims::inputs(files.iter().map(PathBuf::as_path));
    let mut machines = by_machine(result_files::load(files)?)?;
    let [(_, results)] = machines.as_mut_slice() else {
        return of_machines(&machines, outputs, claims);
    };
    if outputs.label.is_some() {
        results.label.clone_from(&outputs.label);
    }
    let documents = Documents::open(outputs, claims, Some(results))?;
    if documents.is_empty() {
        return output::copy(report::table(results).as_bytes()).map(|_| ());
    }
    Failure::all(documents.write(results).failures).map_or(Ok(()), Err)
}

/// The reports that can cover several machines.
fn of_machines(machines: &[Named], outputs: &Outputs, mut claims: Claims) -> Result<(), Failure> {
    if outputs.label.is_some() {
        let why = "it names one run, and the files are of several machines";
        return Err(Failure::new("cannot use --label", why)
            .remedy("a label for each machine: simructl bench --label")
            .usage());
    }
    let of_one = [
        ("json", &outputs.json),
        ("html", &outputs.html),
        ("svg", &outputs.svg),
        ("ktap", &outputs.ktap),
        ("lava", &outputs.lava),
    ];
    if let Some((name, _)) = of_one.iter().find(|(_, file)| file.is_some()) {
        let ((first, one), (second, other)) = (&machines[0], &machines[1]);
        let obstacle = obstacle(one, other).unwrap_or_default();
        let why = format!("it is of one result, and {first} and {second} are two: {obstacle}");
        return Err(Failure::new(format!("cannot write --{name}"), why)
            .remedy(format!("simructl report FILE --{name} for each"))
            .usage());
    }
    let asked = [
        (&outputs.csv, report::machines_csv as fn(&[Named]) -> String),
        (&outputs.markdown, report::machines_markdown),
    ];
    let mut documents = Vec::new();
    for (name, make) in asked {
        if let Some(name) = name {
            documents.push((claims.output(name)?, make));
        }
    }
    if documents.is_empty() {
        claims.stdout()?;
        return output::copy(report::machines_table(machines).as_bytes()).map(|_| ());
    }
    let written = documents
        .into_iter()
        .map(|(place, make)| place.open()?.write_text(&make(machines)));
    let failures: Vec<Failure> = written.filter_map(Result::err).collect();
    Failure::all(failures).map_or(Ok(()), Err)
}
