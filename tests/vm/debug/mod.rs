// SPDX-License-Identifier: GPL-2.0-only

//! What only a kernel that watches itself can show. The lab runs these where it has one.

mod faults;
mod kernel;
mod kunit;
mod sweep;
mod usercopy;
mod workqueue;
