// SPDX-License-Identifier: GPL-2.0-only

//! `simructl report`: makes reports of a result file.

use std::path::Path;

use crate::cli::Outputs;
use crate::destination::Claims;
use crate::documents::Documents;
use crate::output;
use simrupt::failure::Failure;
use simrupt_bench::load;
use simrupt_bench::report;

pub(crate) fn run(file: &Path, outputs: &Outputs) -> Result<(), Failure> {
    let claims = Claims::input(file);
    let mut results = load::results(file)?;
    if outputs.label.is_some() {
        results.label.clone_from(&outputs.label);
    }
    let documents = Documents::open(outputs, claims, Some(&results))?;
    if documents.is_empty() {
        return output::print(&report::table(&results));
    }
    Failure::all(documents.write(&results).failures).map_or(Ok(()), Err)
}
