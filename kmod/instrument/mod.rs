// SPDX-License-Identifier: GPL-2.0-only

//! Everything that simrupt adds around the driver: ways to defer, and meters for what happens.
//!
//! - [`deferral`]: the flavors; [`costs`]: what their mechanisms cost.
//! - [`meters`]: the meters of a line, which the observers write and `control` reads: [`latency`] has the
//!   histograms, [`census`] the contexts.
//! - [`device`], [`top_half`], [`bottom_half`], [`reads`]: the observers of an event's stages. [`others`]: that of
//!   interrupts that are another line's.
//! - [`work_memory`]: what a bottom half touches on purpose.
//! - [`adaptive`]: coalescing limits that the kernel chooses.
//! - [`load`]: how much the lines may take of each CPU; [`interference`]: what disturbs them.
//! - [`trace`]: the tracepoints.

pub(crate) mod adaptive;
mod bottom_half;
pub(crate) mod census;
pub(crate) mod costs;
pub(crate) mod deferral;
pub(crate) mod device;
pub(crate) mod interference;
mod latency;
pub(crate) mod load;
pub(crate) mod meters;
mod others;
mod reads;
pub(crate) mod top_half;
pub(crate) mod trace;
pub(crate) mod work_memory;

pub(crate) use self::{
    bottom_half::{
        BottomCounts,
        BottomMeter, //
    },
    device::DeviceMeter,
    others::OtherMeter,
    reads::ReadMeter,
    top_half::TopMeter, //
};
use crate::driver::Observe;

/// The observers of a line.
pub(crate) struct Observers;

impl Observe for Observers {
    type TopHalf = TopMeter;
    type BottomHalf = BottomMeter;
    type Others = OtherMeter;
    type Reads = ReadMeter;
}
