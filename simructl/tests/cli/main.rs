// SPDX-License-Identifier: GPL-2.0-only

//! `simructl` with a fake sysroot: its output, the files that it writes, its exit code.
//!
//! Each run is compared with a transcript in `tests/golden`; `SNAPSHOTS=overwrite cargo test` rewrites them. The tests
//! do not depend on the user who runs them, and do not touch the running kernel.

mod arrivals;
mod bench;
mod errors;
mod fake;
mod fault;
mod fleets;
mod follow;
mod generated;
mod handlers;
mod help;
mod inputs;
mod interrupts;
mod interrupts_checked;
mod interrupts_reader;
mod interrupts_watched;
mod knobs;
mod ktap;
mod latency;
mod load_time;
mod lockdown;
mod outputs;
mod pipes;
mod profile;
mod read;
mod readme;
mod report;
mod reset;
mod schema;
mod screens;
mod set;
mod stats;
mod status;
mod terminal;
mod top;
mod trace;
mod unseen;
mod verify;
mod watch;
