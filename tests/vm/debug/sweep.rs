// SPDX-License-Identifier: GPL-2.0-only

//! The sweep: does something with its first allocation failing, then with its second, and so on, until
//! it gets by without the one that would have failed.
//!
//! The kernel counts a thread's allocations down from what is written to its fail-nth, and lets the one
//! fail at which it arrives at 0. What is left there tells whether it came to that.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

/// Sets one of the files that say what may fail.
pub(super) fn set(file: &str, value: &str) {
    fs::write(format!("/sys/kernel/debug/{file}"), value)
        .unwrap_or_else(|error| panic!("{file}: {error}"));
}

/// The addresses of the function of the kernel, or of a module, whose name `is_meant`: its first, and the first of what
/// comes next.
pub(super) fn addresses(is_meant: impl Fn(&str) -> bool) -> (u64, u64) {
    let symbols = fs::read_to_string("/proc/kallsyms").unwrap();
    let all = || {
        symbols.lines().filter_map(|line| {
            let (address, rest) = line.split_once(' ')?;
            Some((u64::from_str_radix(address, 16).unwrap(), rest))
        })
    };
    // After the name, behind a tab, comes the module.
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

/// Lets no allocation fail that a function of the kernel makes, itself or by what it calls: this one
/// does not look whether it succeeded, and who undoes it WARNs of what is not there.
fn leave_alone(function: &str) {
    let (start, end) = addresses(|name| name == function);
    for kind in ["failslab", "fail_page_alloc"] {
        set(&format!("{kind}/reject-start"), &format!("{start:#x}"));
        set(&format!("{kind}/reject-end"), &format!("{end:#x}"));
    }
}

/// Beyond the allocations of any one thing.
const MOST: usize = 100_000;

/// The countdown of this thread. Its file stays open: opening it takes allocations, too.
pub(super) struct Countdown(File);

impl Countdown {
    pub(super) fn new() -> Self {
        // All allocations but single pages: the kernel itself complains aloud without those.
        for (file, value) in [
            ("failslab/ignore-gfp-wait", "N"),
            ("failslab/verbose", "0"),
            ("fail_page_alloc/ignore-gfp-wait", "N"),
            ("fail_page_alloc/ignore-gfp-highmem", "N"),
            ("fail_page_alloc/min-order", "1"),
            ("fail_page_alloc/verbose", "0"),
            // Copies from and to user space count, too, unless they are made by a function that is nowhere.
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

    /// Does `act`; returns what it returned and what was left of the countdown.
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

    /// Does `act` again and again, with its first allocation failing, then the next, and the last time
    /// with none; gives its results to `check`. Returns how many failed.
    pub(super) fn sweep<T>(&self, act: impl FnMut() -> T, check: impl FnMut(T)) -> usize {
        self.sweep_every(1, 1, act, check)
    }

    /// As [`Self::sweep`], but beginning with allocation number `first`, and only every `step`-th.
    pub(super) fn sweep_every<T>(
        &self,
        first: usize,
        step: usize,
        mut act: impl FnMut() -> T,
        mut check: impl FnMut(T),
    ) -> usize {
        for (faults, nth) in (first..MOST).step_by(step).enumerate() {
            let (result, left) = self.run(nth, &mut act);
            check(result);
            if left != 0 {
                return faults;
            }
        }
        panic!("no end of allocations");
    }
}
