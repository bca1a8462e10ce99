// SPDX-License-Identifier: GPL-2.0-only

//! How a run in the test machine is judged, as far as others judge by it, too: `run-vm` and the labs' grader.

pub mod console;
