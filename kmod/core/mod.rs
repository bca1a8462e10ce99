// SPDX-License-Identifier: GPL-2.0-only

//! The pure logic of the module: no kernel types, no allocation, no waiting.
//!
//! The same files are built twice: into the module, and as the host library `simrupt-core`, where
//! they are tested and where `simructl` gets the books and the record layout from. That is why
//! paths in here are relative (`super::`): this file is a module in one build and a crate root in
//! the other. What the two builds do not share is in [`platform`].

#[path = "../abi.rs"]
pub mod abi;
pub mod books;
pub mod budget;
pub mod ear;
pub mod fifo;
pub mod histogram;
pub mod knobs;
pub mod platform;
pub mod ring;
pub mod schedule;
pub mod tally;
