// SPDX-License-Identifier: GPL-2.0-only

//! Unit and property tests of the module's pure logic, on the host.
#![cfg(not(loom))]

mod abi;
mod books;
mod budget;
mod ear;
mod fifo;
mod histogram;
mod knobs;
mod ring;
mod schedule;
mod tally;
