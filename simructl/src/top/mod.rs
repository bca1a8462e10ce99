// SPDX-License-Identifier: GPL-2.0-only

//! `simructl top`: the lines on a terminal, live.
//!
//! Samples are taken of the module ([`sample`]), what happened between two of them is a row of the table
//! ([`rows`]), keys change what is shown or a knob ([`state`]), and all of it is drawn ([`draw`]): the table ([`lines`]) and more of
//! one line ([`detail`]).

mod detail;
pub(crate) mod draw;
pub(crate) mod format;
mod histogram;
mod lines;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod state;
