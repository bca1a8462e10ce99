// SPDX-License-Identifier: GPL-2.0-only

//! `run-vm`: boots the test machine under QEMU, shows what its program prints, and gives a verdict.
//!
//! Called by `tests/lab/run` inside the build root. The guest's side is `tests/lab/init`. One virtio-serial port
//! carries the program's output, another one the state of the run, a third one files (see [`guest`]). The kernel's
//! console goes to a log file, which is checked at the end (see [`console`]). The exit codes are those of
//! [`verdict::Verdict`].

mod architecture;
mod args;
mod cpus;
mod files;
mod guest;
mod qemu;
mod verdict;
mod watch;

use std::process::ExitCode;

use simrupt_runner::console;

fn main() -> ExitCode {
    let args = args::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let accelerator = qemu::Accelerator::for_guest(args.architecture);
    let time = qemu::Time::choose(accelerator, args.realtime, args.is_interactive());
    println!("VM: {accelerator}, {time}, CPUs: {}", args.cpus);

    let outcome = watch::run(&args, accelerator, time);
    let log = std::fs::read(&args.console_log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let findings = console::findings(&log);
    let verdict = verdict::judge(&outcome, &findings, console::has_kunit_results(&log));
    for line in console::excerpt(&log, &findings) {
        println!("{line}");
    }
    println!(
        "verdict: {verdict} (boot {:.1} s, all {:.1} s)",
        outcome.boot.as_secs_f64(),
        outcome.all.as_secs_f64()
    );
    if !verdict.is_pass() {
        println!("the kernel's console: {}", args.console_log.display());
    }
    verdict.exit_code()
}
