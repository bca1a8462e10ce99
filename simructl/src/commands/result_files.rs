// SPDX-License-Identifier: GPL-2.0-only

//! The result files that `report` and `compare` read.

use std::path::{Path, PathBuf};

use simrupt::failure::Failure;
use simrupt_bench::join::Named;
use simrupt_bench::load;

use crate::destination::DASH;

/// Refuses standard input as more than one of the files.
pub(super) fn check<'a>(
    what: &str,
    files: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Failure> {
    let files = files.into_iter();
    if files.filter(|file| *file == Path::new(DASH)).count() > 1 {
        let failure = Failure::new(what, "standard input cannot be several results");
        return Err(failure.remedy("the names of files for the others").usage());
    }
    Ok(())
}

/// The results, with the names of their files.
pub(super) fn load(files: &[PathBuf]) -> Result<Vec<Named>, Failure> {
    let named = |file: &PathBuf| Ok((file.display().to_string(), load::results(file)?));
    files.iter().map(named).collect()
}
