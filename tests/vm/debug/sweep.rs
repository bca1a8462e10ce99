// SPDX-License-Identifier: GPL-2.0-only

//! The sweep: does something with its first allocation failing, then with its second, and so on, until no allocation
//! fails any more.
//!
//! The kernel counts a thread's allocations down from the number that is written to its fail-nth, and lets the
//! allocation fail at which the count reaches 0. The rest in the file shows whether that happened.

use crate::model::number;
use simrupt_vm_tests::is_brief;
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

/// Writes one of the files that control which allocations may fail.
pub(super) fn set(file: &str, value: &str) {
    fs::write(format!("/sys/kernel/debug/{file}"), value)
        .unwrap_or_else(|error| panic!("{file}: {error}"));
}

/// The address of the kernel's or a module's function whose name `is_meant` accepts, and the address of the next
/// function.
pub(super) fn addresses(is_meant: impl Fn(&str) -> bool) -> (u64, u64) {
    let symbols = fs::read_to_string("/proc/kallsyms").unwrap();
    let all = || {
        symbols.lines().filter_map(|line| {
            let (address, rest) = line.split_once(' ')?;
            Some((u64::from_str_radix(address, 16).unwrap(), rest))
        })
    };
    // The module follows the name, after a tab.
    let named = |rest: &str| {
        let name = rest.split([' ', '\t']).nth(1);
        name.is_some_and(&is_meant)
    };
    let (start, _) = all()
        .find(|&(_, rest)| named(rest))
        .expect("the kernel has that function");
    let next = all().map(|(address, _)| address);
    (
        start,
        next.filter(|&address| address > start).min().unwrap(),
    )
}

/// Excludes the allocations of a function of the kernel and its callees: the function does not check whether they
/// succeed, and undoing it causes a WARN.
fn leave_alone(function: &str) {
    let (start, end) = addresses(|name| name == function);
    for kind in ["failslab", "fail_page_alloc"] {
        set(&format!("{kind}/reject-start"), &format!("{start:#x}"));
        set(&format!("{kind}/reject-end"), &format!("{end:#x}"));
    }
}

/// Which allocations fail, unless FAULT_STEP in the environment says so: every `whole`-th, or every `brief`-th where
/// tests are brief.
pub(super) fn step(whole: u64, brief: u64) -> usize {
    let usual = if is_brief() { brief } else { whole };
    usize::try_from(number("FAULT_STEP", usual)).unwrap()
}

/// More than the allocations of any single action.
const MOST: usize = 100_000;

/// The countdown of this thread. Its file stays open: opening it takes allocations, too.
pub(super) struct Countdown(File);

impl Countdown {
    pub(super) fn new() -> Self {
        // All allocations except single pages, whose failure the kernel itself reports with a warning.
        for (file, value) in [
            ("failslab/ignore-gfp-wait", "N"),
            ("failslab/verbose", "0"),
            ("fail_page_alloc/ignore-gfp-wait", "N"),
            ("fail_page_alloc/ignore-gfp-highmem", "N"),
            ("fail_page_alloc/min-order", "1"),
            ("fail_page_alloc/verbose", "0"),
            // Copies from and to user space count, too, except those by a function at this address, where there is
            // none.
            ("fail_usercopy/require-end", "0x1"),
        ] {
            set(file, value);
        }
        leave_alone("register_irq_proc");
        let file = File::options()
            .read(true)
            .write(true)
            .open("/proc/thread-self/fail-nth");
        Self(file.expect("the kernel can let allocations fail"))
    }

    fn set(&self, nth: usize) {
        let text = nth.to_string();
        self.0.write_all_at(text.as_bytes(), 0).unwrap();
    }

    /// Runs `act`; returns its result and the rest of the countdown.
    fn run<T>(&self, nth: usize, act: impl FnOnce() -> T) -> (T, usize) {
        let mut text = [0; 16];
        self.set(nth);
        let result = act();
        let length = self.0.read_at(&mut text, 0).unwrap();
        self.set(0);
        let left = std::str::from_utf8(&text[..length]).unwrap().trim();
        (result, left.parse().unwrap())
    }

    /// How many allocations `act` takes.
    pub(super) fn count<T>(&self, act: impl FnOnce() -> T) -> usize {
        MOST - self.run(MOST, act).1
    }

    /// Runs `act` repeatedly, with its first allocation failing, then the next, and the last time with none; passes its
    /// results to `check`. Where tests are brief, only every fifth allocation fails. Returns how many there are.
    pub(super) fn sweep<T>(&self, act: impl FnMut() -> T, check: impl FnMut(T)) -> usize {
        self.sweep_every(1, step(1, 5), act, check)
    }

    /// As [`Self::sweep`], but beginning with allocation number `first`, and only every `step`-th. Returns how many there
    /// are from there on.
    pub(super) fn sweep_every<T>(
        &self,
        first: usize,
        step: usize,
        mut act: impl FnMut() -> T,
        mut check: impl FnMut(T),
    ) -> usize {
        for nth in (first..MOST).step_by(step) {
            let (result, left) = self.run(nth, &mut act);
            check(result);
            if left != 0 {
                // It counted down from `nth`, and not to 0.
                return nth - left + 1 - first;
            }
        }
        panic!("no end of allocations");
    }
}
