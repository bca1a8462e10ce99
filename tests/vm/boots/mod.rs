// SPDX-License-Identifier: GPL-2.0-only

//! Tests that need a kernel that was started in another way, or another machine: the lab has a machine for each of
//! these files, by `BOOTS` in `tests/lab/run`.

mod low_resolution;
mod memory_tags;
mod one_cpu;
mod threadirqs;
