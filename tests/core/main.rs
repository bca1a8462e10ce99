// SPDX-License-Identifier: GPL-2.0-only

//! Unit and property tests of the module's pure logic, on the host.
#![cfg(not(loom))]

mod abi;
mod coalescing;
mod counters;
mod doorbell;
mod fault;
mod fifo;
mod gaps;
mod histogram;
mod invariants;
mod knobs;
mod mask;
mod pairs;
mod random;
mod rate_limiter;
mod ring;
mod schedule;
