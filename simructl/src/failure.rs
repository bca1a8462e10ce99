// SPDX-License-Identifier: GPL-2.0-only

//! What the user is told when something does not work: what, why, and what to try.

use std::fmt;
use std::io;
use std::path::Path;

use nix::errno::Errno;

/// Exit code of anything that failed.
const FAILED: u8 = 1;
/// Exit code of a command line that makes no sense.
const USAGE: u8 = 2;
/// Exit code of books that do not balance.
const UNBALANCED: u8 = 3;
/// Exit code of figures that have become worse.
const REGRESSION: u8 = 3;

/// A failure, printed as `simructl: <what>: <why>`, a new line, and `  try: <remedy>`.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    what: String,
    why: String,
    remedy: Option<String>,
    /// The exit code it leads to.
    pub(crate) code: u8,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            remedy: None,
            code: FAILED,
        }
    }

    /// Says what to try.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Makes it a usage error.
    pub(crate) fn usage(mut self) -> Self {
        self.code = USAGE;
        self
    }

    /// Makes it the verdict that books do not balance.
    pub(crate) fn unbalanced(mut self) -> Self {
        self.code = UNBALANCED;
        self
    }

    /// Makes it the verdict that something has become worse.
    pub(crate) fn regression(mut self) -> Self {
        self.code = REGRESSION;
        self
    }

    /// Says where, first of all.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.what = format!("{place}: {}", self.what);
        self
    }

    /// Adds to the reason.
    pub(crate) fn because(mut self, more: &str) -> Self {
        self.why.push_str("; ");
        self.why.push_str(more);
        self
    }

    /// The module is not there.
    pub(crate) fn not_loaded(what: impl Into<String>) -> Self {
        Self::new(what, "the module is not loaded").remedy("simructl load")
    }

    /// The driver of a line was unbound.
    pub(crate) fn unbound(line: u32) -> Self {
        Self::new(format!("line {line}"), "its driver is unbound").remedy(format!(
            "echo simrupt.{line} > /sys/bus/platform/drivers/simrupt/bind"
        ))
    }

    /// A file could not be read or written: names it, and the remedy where the error number tells one.
    ///
    /// `line` is the line the file belongs to, if any.
    pub(crate) fn file(verb: &str, path: &Path, line: Option<u32>, error: &io::Error) -> Self {
        let what = format!("cannot {verb} {}", path.display());
        match (errno(error), line) {
            (Errno::EACCES | Errno::EPERM, _) => {
                Self::new(what, "needs root").remedy("run with sudo")
            }
            (Errno::ENODEV | Errno::ENXIO, Some(line)) => Self {
                what,
                ..Self::unbound(line)
            },
            (Errno::ENOENT, _) => Self::new(what, "there is no such file"),
            _ => Self::new(what, describe(error)),
        }
    }

    /// A file of the module holds something else than it should.
    pub(crate) fn malformed(path: &Path, why: impl Into<String>) -> Self {
        Self::new(format!("cannot understand {}", path.display()), why)
            .remedy("a simructl of the same version as the module")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "simructl: {}: {}", self.what, self.why)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  try: {remedy}"),
            None => Ok(()),
        }
    }
}

/// The error number behind an I/O error; `UnknownErrno` when there is none.
pub(crate) fn errno(error: &io::Error) -> Errno {
    error
        .raw_os_error()
        .map_or(Errno::UnknownErrno, Errno::from_raw)
}

/// An I/O error in the kernel's words, without the number.
pub(crate) fn describe(error: &io::Error) -> String {
    match errno(error) {
        Errno::UnknownErrno => error.to_string(),
        errno => errno.desc().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(number: Errno, line: Option<u32>) -> String {
        let error = io::Error::from_raw_os_error(number as i32);
        Failure::file("read", Path::new("/x/stats"), line, &error).to_string()
    }

    #[test]
    fn missing_rights_say_run_with_sudo() {
        let expected = "simructl: cannot read /x/stats: needs root\n  try: run with sudo";
        assert_eq!(told(Errno::EACCES, None), expected);
        assert_eq!(told(Errno::EPERM, Some(1)), expected);
    }

    #[test]
    fn an_unbound_driver_says_how_to_bind_it() {
        assert_eq!(
            told(Errno::ENODEV, Some(3)),
            "simructl: cannot read /x/stats: its driver is unbound\n  \
             try: echo simrupt.3 > /sys/bus/platform/drivers/simrupt/bind"
        );
    }

    #[test]
    fn any_other_error_is_told_in_the_kernels_words() {
        assert_eq!(
            told(Errno::EIO, None),
            "simructl: cannot read /x/stats: I/O error"
        );
    }

    #[test]
    fn exit_codes_tell_failure_usage_and_verdicts_apart() {
        let failure = || Failure::new("a", "b");
        assert_eq!(
            [
                failure().code,
                failure().usage().code,
                failure().unbalanced().code,
                failure().regression().code
            ],
            [1, 2, 3, 3]
        );
    }
}
