// SPDX-License-Identifier: GPL-2.0-only

//! From the observations of a run to its verdict. Pure.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use simrupt_runner::console::Finding;

/// How a run ended.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// QEMU could not be started, or refused its arguments.
    CannotStart(String),
    /// The machine went off, by itself or at the guest's request.
    Off,
    /// A limit was reached, and QEMU was ended; names the limit, and the program that ran then.
    OutOfTime(String),
}

/// All observations of a run, except the console log.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) booted: bool,
    /// The program's exit status.
    pub(crate) exit: Option<u8>,
    /// The kernel's taint mask after the program ended.
    pub(crate) taint: Option<u64>,
    /// Why files of the guest could not be unpacked.
    pub(crate) files_error: Option<String>,
    /// The program's last line of output, which for a stuck test is its name.
    pub(crate) last_line: String,
    pub(crate) boot: Duration,
    pub(crate) all: Duration,
}

/// The verdict on a run.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Pass,
    Failures(u8),
    FilesLost(String),
    CannotStart(String),
    Panic(String),
    Hang(String),
    NeverBooted,
    DirtyLog(String),
}

impl Verdict {
    pub(crate) fn is_pass(&self) -> bool {
        *self == Self::Pass
    }

    /// The exit status of `run-vm`; users and scripts rely on these numbers.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Failures(_) | Self::FilesLost(_) => 1,
            Self::CannotStart(_) => 2,
            Self::Panic(_) => 3,
            Self::Hang(_) => 4,
            Self::NeverBooted => 5,
            Self::DirtyLog(_) => 6,
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        self.status().into()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => write!(f, "pass"),
            Self::Failures(status) => write!(f, "FAILED: the program ended with status {status}"),
            Self::FilesLost(why) => write!(f, "FAILED: no files came out of the machine: {why}"),
            Self::CannotStart(why) => write!(f, "CANNOT START: {why}"),
            Self::Panic(last_line) => write!(
                f,
                "PANIC: the kernel gave up, or went down without a word, after: {last_line}"
            ),
            Self::Hang(what) => write!(f, "HANG: {what}"),
            Self::NeverBooted => write!(f, "NEVER BOOTED"),
            Self::DirtyLog(what) => write!(f, "DIRTY LOG: {what}"),
        }
    }
}

/// Taint bits of an out-of-tree, unsigned module: 12 (O) and 13 (E).
const EXPECTED_TAINT: u64 = (1 << 12) | (1 << 13);

/// Taint bit 18 (N), which is set by running KUnit suites.
const KUNIT_TAINT: u64 = 1 << 18;

/// Judges a run. Errors of the kernel outweigh a failed test, because they are the likelier cause. `ran_kunit`: the
/// kernel ran KUnit suites, as it does for a module's suites if it has KUnit.
pub(crate) fn judge(outcome: &Outcome, findings: &[Finding], ran_kunit: bool) -> Verdict {
    if let End::CannotStart(why) = &outcome.end {
        return Verdict::CannotStart(why.clone());
    }
    if findings.iter().any(Finding::is_panic) {
        return Verdict::Panic(outcome.last_line.clone());
    }
    if !outcome.booted {
        return Verdict::NeverBooted;
    }
    if let End::OutOfTime(what) = &outcome.end {
        return Verdict::Hang(what.clone());
    }
    let (Some(exit), Some(taint)) = (outcome.exit, outcome.taint) else {
        return Verdict::Panic(outcome.last_line.clone());
    };
    if !findings.is_empty() {
        return Verdict::DirtyLog(format!(
            "{} lines that no sound kernel prints",
            findings.len()
        ));
    }
    let expected = EXPECTED_TAINT | if ran_kunit { KUNIT_TAINT } else { 0 };
    let unexpected = taint & !expected;
    if unexpected != 0 {
        return Verdict::DirtyLog(format!("the kernel is tainted: {unexpected:#x}"));
    }
    match (exit, &outcome.files_error) {
        (0, None) => Verdict::Pass,
        (0, Some(why)) => Verdict::FilesLost(why.clone()),
        (status, _) => Verdict::Failures(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Outcome {
        Outcome {
            end: End::Off,
            booted: true,
            exit: Some(0),
            taint: Some(EXPECTED_TAINT),
            files_error: None,
            last_line: String::new(),
            boot: Duration::ZERO,
            all: Duration::ZERO,
        }
    }

    fn finding(text: &str) -> Vec<Finding> {
        simrupt_runner::console::findings(text)
    }

    #[track_caller]
    fn assert_status(outcome: Outcome, log: &str, status: u8) {
        let ran_kunit = simrupt_runner::console::has_kunit_results(log);
        assert_eq!(judge(&outcome, &finding(log), ran_kunit).status(), status);
    }

    #[test]
    fn a_clean_run_passes() {
        assert_status(good(), "", 0);
    }

    #[test]
    fn a_programs_failure_is_a_failure() {
        let outcome = Outcome {
            exit: Some(101),
            ..good()
        };
        assert_status(outcome, "", 1);
    }

    #[test]
    fn files_that_are_lost_fail_a_run_that_would_pass() {
        let outcome = Outcome {
            files_error: Some("tar: x".to_owned()),
            ..good()
        };
        assert!(judge(&outcome, &[], false).to_string().contains("tar: x"));
        assert_status(outcome, "", 1);
    }

    #[test]
    fn a_dirty_log_outweighs_a_failure() {
        let outcome = Outcome {
            exit: Some(101),
            ..good()
        };
        assert_status(outcome, "BUG: KASAN: x", 6);
    }

    #[test]
    fn a_taint_beyond_the_module_itself_is_dirt() {
        let outcome = Outcome {
            taint: Some(EXPECTED_TAINT | (1 << 9)),
            ..good()
        };
        assert_status(outcome, "", 6);
    }

    #[test]
    fn the_taint_of_kunit_is_dirt_where_no_suite_ran() {
        let outcome = || Outcome {
            taint: Some(EXPECTED_TAINT | (1 << 18)),
            ..good()
        };
        assert_status(outcome(), "", 6);
        assert_status(outcome(), "[    3.1] KTAP version 1\n", 0);
    }

    #[test]
    fn a_kunit_test_that_fails_is_dirt() {
        let log = "[    3.1] KTAP version 1\n[    3.1]     not ok 1 x\n";
        assert_status(good(), log, 6);
    }

    #[test]
    fn a_panic_outweighs_everything_it_causes() {
        let outcome = Outcome {
            exit: None,
            taint: None,
            end: End::OutOfTime("boot".to_owned()),
            ..good()
        };
        assert_status(outcome, "BUG: x\nKernel panic - not syncing: x", 3);
    }

    #[test]
    fn going_down_without_a_word_counts_as_a_panic() {
        let outcome = Outcome {
            exit: None,
            taint: None,
            ..good()
        };
        assert_status(outcome, "", 3);
    }

    #[test]
    fn a_limit_reached_is_a_hang_once_booted_and_never_booted_before() {
        let stuck = || End::OutOfTime("silent".to_owned());
        assert_status(
            Outcome {
                end: stuck(),
                exit: None,
                ..good()
            },
            "",
            4,
        );
        assert_status(
            Outcome {
                end: stuck(),
                exit: None,
                booted: false,
                ..good()
            },
            "",
            5,
        );
    }

    #[test]
    fn a_machine_that_cannot_start_has_its_own_verdict() {
        let end = End::CannotStart("no qemu".to_owned());
        assert_status(
            Outcome {
                end,
                booted: false,
                exit: None,
                ..good()
            },
            "",
            2,
        );
    }
}
