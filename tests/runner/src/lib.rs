// SPDX-License-Identifier: GPL-2.0-only

//! How a run in the test machine is judged: the parts that `run-vm` and the labs' grader share.

pub mod console;
