// SPDX-License-Identifier: GPL-2.0-only

//! Standard output and standard error. A reader that has gone away is no error; a full disk is.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use simrupt::failure::{Failure, describe};

/// Writes the result of a command to stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    offer(text.as_bytes()).map(|_| ())
}

/// Writes one of many results to stdout; `false` when nobody reads them any more.
pub(crate) fn offer(bytes: &[u8]) -> Result<bool, Failure> {
    written(write(bytes))
}

fn written(outcome: io::Result<()>) -> Result<bool, Failure> {
    match outcome {
        Ok(()) => Ok(is_read()),
        Err(error) => Err(Failure::new(
            "cannot write to standard output",
            describe(&error),
        )),
    }
}

/// Set when a write to stdout found nobody at the other end.
static READER_HAS_GONE: AtomicBool = AtomicBool::new(false);

/// Whether somebody may still read what is written to stdout.
pub(crate) fn is_read() -> bool {
    !READER_HAS_GONE.load(Relaxed)
}

/// Writes to stdout; what nobody reads any more is dropped.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            READER_HAS_GONE.store(true, Relaxed);
            Ok(())
        }
        written => written,
    }
}

/// A writer for results that are too large to be built as a text first.
pub(crate) type Stream<'a> = BufWriter<&'a mut dyn Write>;

/// Has `write` write one of many results to stdout as it makes it; `false` when nobody reads them any more.
pub(crate) fn stream(
    write: impl FnOnce(&mut Stream<'_>) -> io::Result<()>,
) -> Result<bool, Failure> {
    written(buffered(&mut Stdout, write))
}

/// Has `write` write to `output` in large pieces.
pub(crate) fn buffered(
    output: &mut dyn Write,
    write: impl FnOnce(&mut Stream<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut stream = BufWriter::with_capacity(64 * 1024, output);
    let written = write(&mut stream).and_then(|()| stream.flush());
    // After an error the rest must not be written when the writer is dropped.
    let _ = stream.into_parts();
    written
}

/// Standard output; bytes that nobody reads any more are dropped.
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
