// SPDX-License-Identifier: GPL-2.0-only

//! The pure logic of the module: no kernel types, no allocation, no waiting, no `unsafe`.
//!
//! The same files are built twice: into the module, and as the host library `simrupt-core`. The
//! library is tested on the host, and gives `simructl` the names of counters and knobs and the
//! record's layout. This file is a module in one build and a crate root in the other, so paths here
//! are relative (`super::`). The two builds differ in [`platform`] alone.

pub mod abi;
pub mod coalescing;
pub mod counters;
pub mod doorbell;
pub mod fault;
pub mod fifo;
pub mod gaps;
pub mod histogram;
pub mod invariants;
pub mod knobs;
pub mod mask;
pub mod pairs;
pub mod platform;
pub mod random;
pub mod rate_limiter;
pub mod ring;
pub mod schedule;
