// SPDX-License-Identifier: GPL-2.0-only

//! Everything that simrupt adds around the driver: the ways to defer work, and meters.
//!
//! - [`deferral`]: the flavors. [`costs`]: the costs of their mechanisms.
//! - [`meters`]: the meters of a line, which the observers write and `control` reads. [`latency`]
//!   has the histograms, [`census`] the contexts.
//! - [`device`], [`top_half`], [`bottom_half`], [`reads`]: the observers of an event's stages.
//!   [`others`]: the observer of interrupts of another line.
//! - [`work_memory`]: the memory that a bottom half touches.
//! - [`adaptive`]: coalescing limits that the kernel chooses.
//! - [`load`]: the limit of the lines' share of each CPU. [`interference`]: disturbance of a line's
//!   CPU.
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
