// SPDX-License-Identifier: GPL-2.0-only

//! `simructl top`: the lines on a terminal, live.
//!
//! [`sample`] reads the module. [`rows`] has the changes between two samples, a row for each line. [`state`] lets keys
//! change the view or a knob. [`draw`] draws it all: the table ([`lines`]) and the details of one line ([`detail`]).

mod detail;
pub(crate) mod draw;
pub(crate) mod format;
mod histogram;
mod lines;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod state;
