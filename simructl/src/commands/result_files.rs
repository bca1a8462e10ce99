// SPDX-License-Identifier: GPL-2.0-only

//! The files that `report`, `compare` and `irqs --diff` read.

use std::path::{Path, PathBuf};

use simrupt::failure::Failure;
use simrupt::sysroot::input_name;
use simrupt_bench::join::Named;
use simrupt_bench::load;

use crate::destination::DASH;

/// Refuses standard input as more than one of the files.
pub(super) fn check<'a>(
    what: &str,
    files: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Failure> {
    const STDIN: [&str; 4] = [DASH, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];
    let is_stdin = |file: &&PathBuf| STDIN.iter().any(|name| *file == Path::new(name));
    if files.into_iter().filter(is_stdin).count() > 1 {
        let failure = Failure::new(what, "standard input can be read only once");
        return Err(failure.remedy("the names of files for the others").usage());
    }
    Ok(())
}

/// The results, with the names of their files.
pub(super) fn load(files: &[PathBuf]) -> Result<Vec<Named>, Failure> {
    let named = |file: &PathBuf| Ok((input_name(file), load::results(file)?));
    files.iter().map(named).collect()
}
