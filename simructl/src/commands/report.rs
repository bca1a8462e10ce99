// SPDX-License-Identifier: GPL-2.0-only

//! `simructl report`: makes reports of a result file.

use std::path::Path;

use crate::bench::load;
use crate::bench::report::{self, Outputs};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(file: &Path, outputs: &Outputs) -> Result<(), Failure> {
    let results = load::results(file)?;
    if outputs.is_empty() {
        return output::print(&report::table(&results));
    }
    outputs.check()?;
    report::write_all(&results, outputs)
}
