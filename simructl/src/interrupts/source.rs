// SPDX-License-Identifier: GPL-2.0-only

//! Where tables come from: the running kernel, or a file that someone has kept.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

use crate::interrupts::table::{Odd, Table};
use simrupt::failure::Failure;
use simrupt::sysroot::{Sysroot, open_or_stdin, read_within};

/// Thousands of interrupts on thousands of CPUs are 100 MB.
const LIMIT: u64 = 256 * 1024 * 1024;
/// How often a table is read in which a CPU came or went.
const TRIES: usize = 10;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// `/proc/interrupts`
    Irqs,
    /// `/proc/softirqs`
    Softirqs,
}

/// A table and when it was read.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) table: Table,
}

impl Kind {
    /// What the kernel has counted up to now.
    pub(crate) fn sample(self, sysroot: &Sysroot) -> Result<Sample, Failure> {
        let path = sysroot.proc(match self {
            Self::Irqs => "interrupts",
            Self::Softirqs => "softirqs",
        });
        let read = || {
            let text = File::open(&path).and_then(text);
            text.map_err(|error| Failure::file("read", &path, None, &error))
        };
        let sample = whole(read)?;
        sample.map_err(|odd| not_understood(&path, &odd))
    }
}

/// Reads until no CPU came or went meanwhile: the kernel writes the table row by row, each with the CPUs that
/// it has at that moment.
fn whole(
    mut read: impl FnMut() -> Result<String, Failure>,
) -> Result<Result<Sample, Odd>, Failure> {
    let mut tries = 1;
    loop {
        let at = Instant::now();
        match Table::parse(&read()?) {
            Err(Odd::Torn(_)) if tries < TRIES => tries += 1,
            table => return Ok(table.map(|table| Sample { at, table })),
        }
    }
}

/// The table that a file holds; `-` is standard input.
pub(crate) fn saved(path: &Path) -> Result<Table, Failure> {
    let text = open_or_stdin(path).and_then(text);
    let text = text.map_err(|error| Failure::file("read", path, None, &error))?;
    Table::parse(&text).map_err(|odd| not_understood(path, &odd))
}

fn text(source: impl Read) -> io::Result<String> {
    read_within(LIMIT, source)
}

fn not_understood(path: &Path, odd: &Odd) -> Failure {
    let why = match odd {
        Odd::Header => "it does not begin with the names of CPUs: CPU0 CPU1 ...".to_string(),
        Odd::Torn(row) => format!("line {row} has not as many counts as there are CPUs"),
        Odd::Nameless(row) => format!("line {row} has no name before its counts"),
    };
    Failure::new(format!("cannot understand {}", path.display()), why)
        .remedy("a copy of /proc/interrupts or /proc/softirqs, taken while no CPU comes or goes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "CPU0 CPU1\nHI: 5 6\n";
    const TORN: &str = "CPU0 CPU1\nHI: 5 6 7\n";

    fn read(texts: &[&str]) -> (Result<Sample, Odd>, usize) {
        let mut reads = 0;
        let sample = whole(|| {
            reads += 1;
            Ok(texts[(reads - 1).min(texts.len() - 1)].to_string())
        });
        (sample.unwrap(), reads)
    }

    #[test]
    fn a_torn_table_is_read_again_but_not_for_ever() {
        let (sample, reads) = read(&[TORN, TORN, WHOLE]);
        assert_eq!((sample.unwrap().table.rows.len(), reads), (1, 3));
        let (sample, reads) = read(&[TORN]);
        assert_eq!((sample.unwrap_err(), reads), (Odd::Torn(2), TRIES));
        let (sample, reads) = read(&["", WHOLE]);
        assert_eq!((sample.unwrap_err(), reads), (Odd::Header, 1));
    }
}
