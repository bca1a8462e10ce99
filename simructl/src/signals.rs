// SPDX-License-Identifier: GPL-2.0-only

//! The signals that end a program, handled by a thread: the working thread may wait in the kernel for something that
//! never comes.

use std::fs;
use std::thread;

use nix::sys::signal::{SigSet, Signal, raise};

use simrupt::failure::{Failure, describe};
use simrupt::stop::Stop;

/// The signals that ask a program to end.
pub(crate) const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// Calls `on_signal` for each of these signals from now on, except for those that were ignored when the program was
/// started. The signals have no other effect any more.
pub(crate) fn take(
    signals: &[Signal],
    mut on_signal: impl FnMut(Signal) + Send + 'static,
) -> Result<(), Failure> {
    let failed = |why: String| Failure::new("cannot wait for signals", why);
    let ignored = ignored();
    let taken = signals.iter().copied();
    let signals = SigSet::from_iter(taken.filter(|signal| ignored & bit(*signal) == 0));
    signals
        .thread_block()
        .map_err(|errno| failed(errno.desc().to_string()))?;
    let wait = move || {
        while let Ok(signal) = signals.wait() {
            on_signal(signal);
        }
    };
    match thread::Builder::new().spawn(wait) {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(describe(&error))),
    }
}

/// A flag that SIGINT, SIGTERM and SIGHUP set from now on; they no longer end the program.
pub(crate) fn stop() -> Result<Stop, Failure> {
    let stop = Stop::default();
    let set = stop.clone();
    take(&ENDING, move |_| set.set())?;
    Ok(stop)
}

/// Ends the program by the signal's default action.
pub(crate) fn die_of(signal: Signal) {
    let mut one = SigSet::empty();
    one.add(signal);
    let _ = one.thread_unblock().and_then(|()| raise(signal));
}

/// As [`die_of`], for a signal that stops the program; the signal is handled again when this returns.
pub(crate) fn stop_of(signal: Signal) {
    die_of(signal);
    let mut one = SigSet::empty();
    one.add(signal);
    let _ = one.thread_block();
}

/// Whether the signal was ignored when the program was started.
pub(crate) fn is_ignored(signal: Signal) -> bool {
    ignored() & bit(signal) != 0
}

/// The place of a signal in the masks of `/proc`.
fn bit(signal: Signal) -> u64 {
    1 << (signal as u32 - 1)
}

/// The signals that were ignored when the program was started (as nohup does), as a bit mask. They must stay ignored.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|row| row.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
