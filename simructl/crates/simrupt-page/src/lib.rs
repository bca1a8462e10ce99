// SPDX-License-Identifier: GPL-2.0-only

#![doc = include_str!("../README.md")]
//! ## Modules
//!
//! - `document`: the frame of a page, and tables that can be scrolled;
//! - `color`: the colours that all pages and pictures share;
//! - `axis`: the scale of a chart;
//! - `measure`: places and widths in pixels.

pub mod axis;
pub mod color;
pub mod document;
pub mod measure;
