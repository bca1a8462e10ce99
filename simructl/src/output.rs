// SPDX-License-Identifier: GPL-2.0-only

//! Standard output and standard error. It is no error if the reader has gone, but a full disk is one, and so is a
//! closed standard output.
//!
//! Texts may contain names from files or from the kernel. Control characters in texts are shown as their numbers, and
//! have no effect. Other formats, such as CSV, keep them as the format says, except on a terminal.
//!
//! With `--json`, each message on standard error is a JSON document in a row of its own.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde_json::{Value, json};

use simrupt::failure::{Failure, Kind, describe, errno};
use simrupt::text::{in_one_row, visible};

/// Set when a write to stdout finds that the reader has gone.
static READER_HAS_GONE: AtomicBool = AtomicBool::new(false);
/// Whether messages are JSON.
static MESSAGES_ARE_JSON: AtomicBool = AtomicBool::new(false);

/// Makes all later messages JSON.
pub(crate) fn make_messages_json() {
    MESSAGES_ARE_JSON.store(true, Relaxed);
}

fn messages_are_json() -> bool {
    MESSAGES_ARE_JSON.load(Relaxed)
}

/// Writes the result of a command to stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    offer(text.as_bytes()).map(|_| ())
}

/// Writes one of many results, a text or JSON, to stdout; `false` when the reader has gone.
pub(crate) fn offer(text: &[u8]) -> Result<bool, Failure> {
    written(write(visible(&String::from_utf8_lossy(text)).as_bytes()))
}

/// Writes bytes to stdout as they are, as [`offer`] does with texts.
pub(crate) fn copy(bytes: &[u8]) -> Result<bool, Failure> {
    written(write(bytes))
}

/// Writes one JSON document to stdout.
pub(crate) fn print_json(document: &Value) -> Result<(), Failure> {
    print(&format!("{document:#}\n"))
}

/// Whether stdout may still have a reader.
pub(crate) fn is_read() -> bool {
    !READER_HAS_GONE.load(Relaxed)
}

/// Writes a document that is not text for people, such as CSV, to stdout. Only on a terminal it is treated as text.
pub(crate) fn print_document(document: &str) -> Result<(), Failure> {
    written(write_document(document.as_bytes())).map(|_| ())
}

/// Writes a part of a document to stdout; it is dropped if the reader has gone.
pub(crate) fn write_document(part: &[u8]) -> io::Result<()> {
    match io::stdout().is_terminal() {
        true => write(visible(&String::from_utf8_lossy(part)).as_bytes()),
        false => write(part),
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    match Descriptor.write_all(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            READER_HAS_GONE.store(true, Relaxed);
            Ok(())
        }
        written => written,
    }
}

/// Standard output without a buffer. The standard library takes writes to a stream that is closed, or open for reading
/// only, for successful.
struct Descriptor;

impl Write for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(io::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses a standard output that is closed, or open for reading only, before the command does anything.
pub(crate) fn check() -> Result<(), Failure> {
    let flags = fcntl(io::stdout(), FcntlArg::F_GETFL).map_err(io::Error::from);
    let is_writable = |flags: i32| flags & OFlag::O_ACCMODE.bits() != OFlag::O_RDONLY.bits();
    match flags.map(is_writable) {
        Ok(true) => Ok(()),
        Ok(false) => Err(unwritten(&Errno::EBADF.into())),
        Err(error) => Err(unwritten(&error)),
    }
}

/// A writer for results that are too large to be built as a text first.
pub(crate) type Stream<'a> = BufWriter<&'a mut dyn Write>;

/// Calls `write`, which writes one of many results to stdout piece by piece, as [`write_document`] does; `false` when
/// the reader has gone.
pub(crate) fn stream(
    write: impl FnOnce(&mut Stream<'_>) -> io::Result<()>,
) -> Result<bool, Failure> {
    if !io::stdout().is_terminal() {
        return written(buffered(&mut Stdout, write));
    }
    // In one piece, because a piece may end within a character.
    let mut text = Vec::new();
    written(buffered(&mut text, write).and_then(|()| write_document(&text)))
}

/// Calls `write`, which writes to `output` in large pieces.
pub(crate) fn buffered(
    output: &mut dyn Write,
    write: impl FnOnce(&mut Stream<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut stream = BufWriter::with_capacity(64 * 1024, output);
    let written = write(&mut stream).and_then(|()| stream.flush());
    // After an error, dropping the writer must not write the rest.
    let _ = stream.into_parts();
    written
}

/// Standard output; bytes are dropped if the reader has gone.
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(outcome: io::Result<()>) -> Result<bool, Failure> {
    match outcome {
        Ok(()) => Ok(is_read()),
        Err(error) => Err(unwritten(&error)),
    }
}

fn unwritten(error: &io::Error) -> Failure {
    const WHAT: &str = "cannot write to standard output";
    match errno(error) {
        Errno::EBADF => Failure::new(WHAT, "it is closed, or not open for writing")
            .remedy("> /dev/null, if it is not wanted"),
        _ => Failure::new(WHAT, describe(error)),
    }
}

/// Writes a message of one row to stderr, if it is open.
pub(crate) fn note(message: &impl Display) {
    let message = message.to_string();
    let document = json!({ "note": message });
    note_as(&format!("simructl: {}", in_one_row(&message)), &document);
}

/// Writes a message to stderr: the text, or with `--json` the document.
pub(crate) fn note_as(text: &str, document: &Value) {
    let message = match messages_are_json() {
        true => Cow::from(document.to_string()),
        false => Cow::from(text),
    };
    let _ = writeln!(io::stderr(), "{}", visible(&message));
}

/// Reports an invalid command line on stderr: in these words, or with `--json` as a failure.
pub(crate) fn refusal(text: &str, failure: &Failure) {
    note_as(text, &document(failure, code(failure.kind())));
}

/// Reports a problem on stderr after which the command goes on.
pub(crate) fn warning(failure: &Failure) {
    note_as(&format!("simructl: {failure}"), &document(failure, 0));
}

/// Writes a failure to stderr, and the failures that followed from it.
pub(crate) fn failure(failure: &Failure) {
    let text: Vec<String> = all(failure)
        .map(|failure| format!("simructl: {failure}"))
        .collect();
    note_as(&text.join("\n"), &document(failure, code(failure.kind())));
}

/// The exit code of a kind of failure.
pub(crate) fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Failed => 1,
        Kind::Usage => 2,
        Kind::Verdict => 3,
        Kind::Undecided => 4,
    }
}

/// A failure, and the failures that followed from it.
fn all(failure: &Failure) -> impl Iterator<Item = &Failure> {
    iter::successors(Some(failure), |one| one.second())
}

/// A failure as a JSON document.
fn document(failure: &Failure, code: u8) -> Value {
    let parts =
        |one: &Failure| json!({ "what": one.what(), "why": one.why(), "remedy": one.advice() });
    let mut document = parts(failure);
    document["code"] = code.into();
    let also: Vec<Value> = all(failure).skip(1).map(parts).collect();
    if !also.is_empty() {
        document["also"] = also.into();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_document_with_all_that_came_of_it() {
        let failure = Failure::new("a", "b").remedy("c").usage();
        assert_eq!(
            document(&failure, code(failure.kind())),
            json!({ "what": "a", "why": "b", "remedy": "c", "code": 2 })
        );
        let both = Failure::new("a", "b").also(Failure::new("d", "e").remedy("f"));
        assert_eq!(
            document(&both, code(both.kind())),
            json!({
                "what": "a", "why": "b", "remedy": null, "code": 1,
                "also": [{ "what": "d", "why": "e", "remedy": "f" }],
            })
        );
    }
}
