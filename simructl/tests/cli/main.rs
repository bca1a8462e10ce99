// SPDX-License-Identifier: GPL-2.0-only

//! `simructl` against a fake sysroot: what it prints, what it writes, how it ends.
//!
//! Each run is compared with a transcript in `tests/golden`; `SNAPSHOTS=overwrite cargo test` writes them
//! anew. Nothing here depends on who runs it, and nothing touches the running kernel.

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
