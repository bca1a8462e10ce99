// SPDX-License-Identifier: GPL-2.0-only

//! Standard output and standard error. A reader that has gone away is no error; a full disk is.

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

use simrupt::failure::{Failure, describe};

/// Writes the result of a command to stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    offer(text.as_bytes()).map(|_| ())
}

/// Writes one of many results to stdout; `false` when nobody reads them any more.
pub(crate) fn offer(bytes: &[u8]) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(
            "cannot write to standard output",
            describe(&error),
        )),
    }
}

/// Has `write` write one of many results to stdout as it makes it; `false` when nobody reads them any more.
pub(crate) fn stream(
    write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>,
) -> Result<bool, Failure> {
    let mut stdout = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let written = write(&mut stdout).and_then(|()| stdout.flush());
    // The rest of a result that nobody reads must not be written when the writer is dropped.
    let _ = stdout.into_parts();
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(
            "cannot write to standard output",
            describe(&error),
        )),
    }
}

/// Writes one JSON document to stdout.
pub(crate) fn print_json(document: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{document:#}\n"))
}

/// Writes a message to stderr, if anyone listens there.
pub(crate) fn note(message: &impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Writes a failure to stderr, and the one that came of it, if there is one.
pub(crate) fn failure(failure: &Failure) {
    for failure in std::iter::successors(Some(failure), |one| one.second()) {
        note(&format_args!("simructl: {failure}"));
    }
}
