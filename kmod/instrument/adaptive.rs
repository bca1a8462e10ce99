// SPDX-License-Identifier: GPL-2.0-only

//! Adaptive coalescing: the bottom half reports the traffic to the kernel's `net_dim()`, as the
//! poll function of a network driver does. The device gets the limits that `net_dim()` chooses.
//! Made and dropped in process context.

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

/// See the module's description. Dropping it waits until limits that are being applied are in
/// force.
pub(crate) struct Adaptive {
    dim: Dim<Apply>,
    /// Calls of the top half reported to `dim`, wrapping.
    interrupts: u16,
    /// The last value read of the line's counter of these calls.
    handled: u64,
    /// Events reported to `dim`, wrapping.
    events: u64,
}

impl Adaptive {
    /// For the device of a line, with the meters of the line.
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

    /// The initial limits. Call this before the first [`Self::sample`].
    pub(crate) fn first(&mut self) -> Limits {
        limits(self.dim.first())
    }

    /// Reports a run of the bottom half that has moved `events` events. The top half was called
    /// `handled` times so far. In the bottom half's context.
    pub(super) fn sample(&mut self, handled: u64, events: u64) {
        // Both wrap, and so does the difference.
        let more = handled.wrapping_sub(self.handled);
        self.interrupts = self.interrupts.wrapping_add(more as u16);
        self.handled = handled;
        self.events = self.events.wrapping_add(events);
        let bytes = self.events.wrapping_mul(RECORD_SIZE as u64);
        self.dim.sample(self.interrupts, self.events, bytes);
    }

    /// Notes that the line's counter of calls restarts at 0.
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

/// Gives the chosen limits to the device.
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
