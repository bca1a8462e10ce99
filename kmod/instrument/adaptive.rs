// SPDX-License-Identifier: GPL-2.0-only

//! Adaptive coalescing: the bottom half tells the kernel's `net_dim()` of the traffic, as a network driver's poll does,
//! and the device gets the limits that it chooses. Made and dropped in process context.

use super::{
    load::{
        Arrivals,
        Load, //
    },
    meters::Meters,
    DeviceMeter, //
};
use crate::{
    hw,
    kext::dim::{
        Dim,
        Moderate,
        Profile, //
    },
    logic::{
        abi::RECORD_SIZE,
        coalescing::Limits, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

type Device = hw::Device<DeviceMeter, Load, Arrivals>;

/// See the module's description. Dropping it waits for limits that are being put in force.
pub(crate) struct Adaptive {
    dim: Dim<Apply>,
    /// Calls of the top half that `dim` knows of; wraps.
    interrupts: u16,
    /// The line's counter of them, when that was looked at last.
    handled: u64,
    /// Events that `dim` knows of.
    events: u64,
}

impl Adaptive {
    /// For the device of a line with these meters.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` when the kernel has no `net_dim()`; `ENOMEM`.
    pub(crate) fn new(device: Arc<Device>, meters: Arc<Meters>) -> Result<Self> {
        Ok(Self {
            handled: meters.handled(),
            dim: Dim::new(Apply { device, meters })?,
            interrupts: 0,
            events: 0,
        })
    }

    /// The limits to begin with. Before the first [`Self::sample`].
    pub(crate) fn first(&mut self) -> Limits {
        limits(self.dim.first())
    }

    /// A run of the bottom half has moved so many events, and the top half was called `handled` times so far. In the
    /// bottom half's context.
    pub(super) fn sample(&mut self, handled: u64, events: u64) {
        // Both wrap; the difference is right.
        let more = handled.wrapping_sub(self.handled);
        self.interrupts = self.interrupts.wrapping_add(more as u16);
        self.handled = handled;
        self.events = self.events.wrapping_add(events);
        let bytes = self.events.wrapping_mul(RECORD_SIZE as u64);
        self.dim.sample(self.interrupts, self.events, bytes);
    }

    /// The line's counter of calls starts at 0 again.
    pub(super) fn reset(&mut self) {
        self.handled = 0;
    }
}

fn limits(profile: Profile) -> Limits {
    Limits {
        wait_ns: u64::from(profile.usecs) * 1000,
        events: profile.packets.max(1).into(),
    }
}

/// Gives the device the limits that were chosen.
struct Apply {
    device: Arc<Device>,
    meters: Arc<Meters>,
}

impl Moderate for Apply {
    fn moderate(&self, profile: Profile) {
        self.device.set_coalescing(limits(profile));
        self.meters.coalesce_changes.add(1);
    }
}
