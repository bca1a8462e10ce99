// SPDX-License-Identifier: GPL-2.0-only

//! Tests that need a kernel that checks itself. The lab runs them on such kernels.

mod faults;
mod kernel;
mod kunit;
mod sweep;
mod usercopy;
mod workqueue;
