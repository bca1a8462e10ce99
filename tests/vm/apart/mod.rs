// SPDX-License-Identifier: GPL-2.0-only

//! What the machine is not the same after: the lab runs these tests in a machine of their own, in the
//! order in which they are named in `tests/lab/init`.

mod lockdown;
mod suspend;
