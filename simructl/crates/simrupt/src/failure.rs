// SPDX-License-Identifier: GPL-2.0-only

//! Errors for people: what failed, why, and what to try.

use std::fmt;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::geteuid;

use crate::plain::Encoded;
use crate::text::in_one_row;

/// A failure with its reason and remedy: shown as `<what>: <why>`, a new line, and `  try: <remedy>`.
///
/// ```
/// use simrupt::failure::Failure;
///
/// let failure = Failure::new("cannot set rate_hz to x", "it is not a number").remedy("0..1000000");
/// assert_eq!(failure.to_string(), "cannot set rate_hz to x: it is not a number\n  try: 0..1000000");
/// ```
#[derive(Debug, PartialEq)]
pub struct Failure {
    what: String,
    why: String,
    remedy: Option<String>,
    kind: Kind,
    also: Option<Box<Self>>,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something did not work.
    Failed,
    /// The request is invalid.
    Usage,
    /// Everything worked, but the verdict is bad: sums that do not hold, or figures that became worse.
    Verdict,
    /// Everything worked, but there are too few measurements for a verdict.
    Undecided,
}

impl Failure {
    /// A failure: what failed, and why.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            remedy: None,
            kind: Kind::Failed,
            also: None,
        }
    }

    /// Adds the remedy.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Makes it an invalid request.
    pub fn usage(mut self) -> Self {
        self.kind = Kind::Usage;
        self
    }

    /// Makes it a bad verdict: sums that do not hold, or figures that became worse.
    pub fn verdict(mut self) -> Self {
        self.kind = Kind::Verdict;
        self
    }

    /// Makes it a verdict that is missing, because there are too few measurements.
    pub fn undecided(mut self) -> Self {
        self.kind = Kind::Undecided;
        self
    }

    /// Adds a second failure, which happened during the handling of the first.
    pub fn also(mut self, second: Self) -> Self {
        self.also = Some(Box::new(second));
        self
    }

    /// Several failures as one, in their order; `None` if there are none.
    pub fn all(
        failures: impl IntoIterator<Item = Self, IntoIter: DoubleEndedIterator>,
    ) -> Option<Self> {
        let mut failures = failures.into_iter().rev();
        let last = failures.next()?;
        Some(failures.fold(last, |later, failure| failure.append(later)))
    }

    /// Appends another failure after all others.
    fn append(mut self, later: Self) -> Self {
        let behind = match self.also.take() {
            Some(also) => also.append(later),
            None => later,
        };
        self.also(behind)
    }

    /// The second failure, if there is one.
    pub fn second(&self) -> Option<&Self> {
        self.also.as_deref()
    }

    /// The kind of failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Why it failed.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The remedy, if there is one.
    pub fn advice(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// Adds the place in front.
    pub fn at(mut self, place: &str) -> Self {
        self.what = format!("{place}: {}", self.what);
        self
    }

    /// Adds to the reason.
    pub fn because(mut self, more: &str) -> Self {
        self.why.push_str("; ");
        self.why.push_str(more);
        self
    }

    /// The module is not loaded.
    pub fn not_loaded(what: impl Into<String>) -> Self {
        Self::new(what, "the module is not loaded").remedy("simructl load")
    }

    /// The driver of a line was unbound.
    pub fn unbound(line: u32) -> Self {
        Self::new(format!("line {line}"), "its driver is unbound").remedy(format!(
            "echo simrupt.{line} > /sys/bus/platform/drivers/simrupt/bind"
        ))
    }

    /// A file could not be read or written. Names the file, and the remedy if the error number suggests one.
    ///
    /// `line` is the line the file belongs to, if any.
    pub fn file(verb: &str, path: &Path, line: Option<u32>, error: &io::Error) -> Self {
        Self::file_for(verb, path, line, error, geteuid().is_root())
    }

    /// As [`file`](Self::file), for root or another user.
    fn file_for(
        verb: &str,
        path: &Path,
        line: Option<u32>,
        error: &io::Error,
        is_root: bool,
    ) -> Self {
        let what = format!("cannot {verb} {}", path.display());
        if error.get_ref().is_some_and(|odd| odd.is::<Encoded>()) {
            return Self::new(what, error.to_string()).remedy("unpack it or convert it first");
        }
        if errno(error) == Errno::UnknownErrno && error.kind() == io::ErrorKind::InvalidData {
            return Self::new(what, "it is not UTF-8 text");
        }
        match (errno(error), line) {
            (Errno::EACCES | Errno::EPERM, _) if is_root => Self::new(
                what,
                "the kernel does not permit it, not even to root",
            )
            .remedy(
                "outside of a container, on a kernel that is not locked down: man kernel_lockdown",
            ),
            (Errno::EACCES | Errno::EPERM, _) => {
                Self::new(what, "needs root").remedy("run with sudo")
            }
            (Errno::ENODEV, Some(line)) => Self {
                what,
                ..Self::unbound(line)
            },
            (Errno::ENOENT, _) => Self::new(what, "there is no such file"),
            (Errno::EBADF, _) => Self::new(what, "it is closed, or not open for this use"),
            _ => Self::new(what, describe(error)),
        }
    }

    /// A file of the module has unexpected content.
    pub fn malformed(path: &Path, why: impl Into<String>) -> Self {
        Self::new(format!("cannot understand {}", path.display()), why)
            .remedy("a simructl of the same version as the module")
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name of a file may contain newlines.
        write!(f, "{}: {}", in_one_row(&self.what), in_one_row(&self.why))?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  try: {}", in_one_row(remedy)),
            None => Ok(()),
        }
    }
}

/// The error number behind an I/O error; `UnknownErrno` when there is none.
pub fn errno(error: &io::Error) -> Errno {
    error
        .raw_os_error()
        .map_or(Errno::UnknownErrno, Errno::from_raw)
}

/// An I/O error in the kernel's words, without the number.
pub fn describe(error: &io::Error) -> String {
    match errno(error) {
        Errno::UnknownErrno => error.to_string(),
        errno => errno.desc().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_to(number: Errno, line: Option<u32>, is_root: bool) -> String {
        let error = io::Error::from_raw_os_error(number as i32);
        let path = Path::new("/x/stats");
        Failure::file_for("read", path, line, &error, is_root).to_string()
    }

    fn told(number: Errno, line: Option<u32>) -> String {
        told_to(number, line, false)
    }

    #[test]
    fn missing_rights_say_run_with_sudo() {
        let expected = "cannot read /x/stats: needs root\n  try: run with sudo";
        assert_eq!(told(Errno::EACCES, None), expected);
        assert_eq!(told(Errno::EPERM, Some(1)), expected);
        let to_root = told_to(Errno::EPERM, Some(1), true);
        assert!(to_root.contains("not even to root"), "{to_root}");
    }

    #[test]
    fn an_unbound_driver_says_how_to_bind_it() {
        assert_eq!(
            told(Errno::ENODEV, Some(3)),
            "cannot read /x/stats: its driver is unbound\n  \
             try: echo simrupt.3 > /sys/bus/platform/drivers/simrupt/bind"
        );
    }

    #[test]
    fn any_other_error_is_reported_in_the_kernels_words() {
        assert_eq!(told(Errno::EIO, None), "cannot read /x/stats: I/O error");
        let of_a_stream = Failure::file_for(
            "read",
            Path::new("standard input"),
            None,
            &io::Error::from_raw_os_error(Errno::EBADF as i32),
            false,
        );
        assert_eq!(
            of_a_stream.to_string(),
            "cannot read standard input: it is closed, or not open for this use"
        );
        // A number without a device is not an unbound driver.
        assert!(told(Errno::ENXIO, Some(3)).ends_with("No such device or address"));
    }

    #[test]
    fn a_name_with_newlines_stays_in_one_row() {
        let failure = Failure::new("a\n  try: rm", "\x1b[2J").remedy("b\nc");
        assert_eq!(
            failure.to_string(),
            "a\\n  try: rm: \\u001b[2J\n  try: b\\nc"
        );
    }

    #[test]
    fn failures_usage_and_verdicts_are_told_apart() {
        let failure = || Failure::new("a", "b");
        let made = [
            failure(),
            failure().usage(),
            failure().verdict(),
            failure().undecided(),
        ];
        let kinds = made.map(|one| one.kind());
        assert_eq!(
            kinds,
            [Kind::Failed, Kind::Usage, Kind::Verdict, Kind::Undecided]
        );
    }

    #[test]
    fn a_second_failure_goes_along_with_the_first() {
        let both = Failure::new("a", "b").also(Failure::new("d", "e"));
        assert_eq!(both.to_string(), "a: b");
        assert_eq!(both.second(), Some(&Failure::new("d", "e")));
    }

    #[test]
    fn several_failures_keep_their_order() {
        let one = |name: &str| Failure::new(name, "x");
        let all = Failure::all([one("a").also(one("b")), one("c"), one("d")]).unwrap();
        let told = std::iter::successors(Some(&all), |failure| failure.second());
        let told: Vec<_> = told.map(Failure::to_string).collect();
        assert_eq!(told, ["a: x", "b: x", "c: x", "d: x"]);
        assert_eq!(Failure::all([]), None);
    }
}
