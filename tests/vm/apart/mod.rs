// SPDX-License-Identifier: GPL-2.0-only

//! Tests after which the machine is not the same: the lab runs these tests in a machine of their own, in the order in
//! which they are named in `tests/lab/init`.

mod lockdown;
mod suspend;
