// SPDX-License-Identifier: GPL-2.0-only

//! What takes a kernel that was started in another way, or another machine: the lab has one for each of these
//! files, and `BOOTS` in `tests/lab/run` says which.

mod low_resolution;
mod memory_tags;
mod one_cpu;
mod threadirqs;
