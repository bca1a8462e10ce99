// SPDX-License-Identifier: GPL-2.0-only

//! Where tables come from: the running kernel, or a saved copy.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Instant, SystemTime};

use proc_interrupts::{Kind, ParseError, ReadError, Table};

use simrupt::failure::Failure;
use simrupt::sysroot::{Sysroot, input_name, open_bytes};

/// How often a table is read again if a CPU came or went meanwhile.
const TRIES: usize = 10;

/// A table and when it was read.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) time: SystemTime,
    pub(crate) table: Table,
}

/// The kernel's counts up to now.
pub(crate) fn sample(kind: Kind, sysroot: &Sysroot) -> Result<Sample, Failure> {
    let path = sysroot.proc(match kind {
        Kind::Interrupts => "interrupts",
        Kind::Softirqs => "softirqs",
    });
    whole(|| read(File::open(&path))).map_err(|error| not_read(&path, error))
}

/// Reads until no CPU comes or goes meanwhile: the kernel writes the table row by row, each row with the CPUs of that
/// moment.
fn whole(mut read: impl FnMut() -> Result<Table, ReadError>) -> Result<Sample, ReadError> {
    let mut tries = 1;
    loop {
        let (at, time) = (Instant::now(), SystemTime::now());
        match read() {
            Err(ReadError::Parse(ParseError::Torn { .. })) if tries < TRIES => tries += 1,
            table => return table.map(|table| Sample { at, time, table }),
        }
    }
}

/// The table in a file, which must be a copy of the kernel's file of this kind; `-` is standard input.
pub(crate) fn saved(kind: Kind, path: &Path) -> Result<Table, Failure> {
    let table = read(open_bytes(path)).map_err(|error| not_read(path, error))?;
    match table.kind() {
        Some(other) if other != kind => Err(other_kind(other, path)),
        _ => Ok(table),
    }
}

fn other_kind(kind: Kind, path: &Path) -> Failure {
    let (command, asked) = match kind {
        Kind::Interrupts => ("irqs", "softirqs"),
        Kind::Softirqs => ("softirqs", "irqs"),
    };
    let what = format!("cannot show {} by {asked}", input_name(path));
    let why = format!("it is a copy of {kind}");
    Failure::new(what, why).remedy(format!("simructl {command}"))
}

fn read(source: io::Result<impl Read>) -> Result<Table, ReadError> {
    Table::read(source?)
}

fn not_read(path: &Path, error: ReadError) -> Failure {
    let error = match error {
        ReadError::Io(error) => {
            return Failure::file("read", Path::new(&input_name(path)), None, &error);
        }
        ReadError::Parse(error) => error,
        other => {
            return Failure::new(
                format!("cannot read {}", input_name(path)),
                other.to_string(),
            );
        }
    };
    let failure = Failure::new(
        format!("cannot understand {}", input_name(path)),
        error.to_string(),
    );
    failure.remedy(match error {
        ParseError::Torn { .. } => "a copy that is whole, taken while no CPU comes or goes",
        ParseError::NotARow { .. } => {
            "a copy whose lines are whole, with no others between them: mail programs wrap lines"
        }
        ParseError::SecondTable { .. } => "a file for each copy",
        ParseError::Encoded { .. } => "unpack it or convert it first; gzip is read as it is",
        _ => "a copy of /proc/interrupts or /proc/softirqs, with its first line",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "CPU0 CPU1\nHI: 5 6\n";
    const TORN: &str = "CPU0 CPU1\nHI: 5 6 7\n";

    fn read(texts: &[&str]) -> (Result<Sample, ReadError>, usize) {
        let mut reads = 0;
        let sample = whole(|| {
            reads += 1;
            Ok(Table::parse(texts[(reads - 1).min(texts.len() - 1)])?)
        });
        (sample, reads)
    }

    #[test]
    fn a_torn_table_is_read_again_but_not_forever() {
        let (sample, reads) = read(&[TORN, TORN, WHOLE]);
        assert_eq!((sample.unwrap().table.rows.len(), reads), (1, 3));
        let (sample, reads) = read(&[TORN]);
        let error = sample.unwrap_err().to_string();
        assert_eq!(
            (error.as_str(), reads),
            ("line 2 has more or fewer counts than there are CPUs", TRIES)
        );
        let (sample, reads) = read(&["", WHOLE]);
        assert!(sample.is_err());
        assert_eq!(reads, 1);
    }
}
