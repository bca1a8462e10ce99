// SPDX-License-Identifier: GPL-2.0-only

//! simrupt_min: the driver of simrupt without measurements, to be copied.
//!
//! `driver/` is the driver. The rest replaces parts of a real machine: [`device`] the device, [`board`] the firmware
//! that describes it.

use kernel::prelude::*;

#[path = "../kmod/driver/mod.rs"]
#[allow(dead_code, reason = "simrupt uses more of it")]
mod driver;
#[path = "../kmod/hw/mod.rs"]
#[allow(dead_code, reason = "simrupt uses more of it")]
mod hw;
#[path = "../kmod/kext/mod.rs"]
#[allow(dead_code, reason = "simrupt uses more of it")]
mod kext;
#[path = "../kmod/core/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "simrupt uses more of it")]
mod logic;

mod board;
mod device;

module! {
    type: Module,
    name: "simrupt_min",
    authors: ["The simrupt authors"],
    description: "A small driver for a simulated interrupt-driven device",
    license: "GPL v2",
    params: {
        rate_hz: u32 {
            default: 10,
            description: "events per second, 1 to 1000000 (default 10)",
        },
        burst: u32 {
            default: 1,
            description: "events per interrupt, 1 to 4096 (default 1)",
        },
        fifo_size: u32 {
            default: 4096,
            description: "records that the fifo holds, a power of two up to 1048576 (default 4096)",
        },
        record: u8 {
            default: 0,
            description: "1: readers get records instead of characters (default 0)",
        },
        always: u8 {
            default: 0,
            description: "1: the device runs without a reader, too (default 0)",
        },
        cpu: i32 {
            default: -1,
            description: "CPU of the device's timer; -1: the CPU where it is started (default -1)",
        },
        deferral: u8 {
            default: 1,
            description: "0: none, 1: an unbound workqueue, 2: one bound to the CPU, 3: one in softirq (default 1)",
        },
    },
}

/// The loaded module.
struct Module {
    _loaded: kext::load_gate::Loaded<Parts>,
}

/// Its parts. The fields are dropped from the first to the last.
#[pin_data]
struct Parts {
    _device: kext::platform_device::PlatformDevice,
    #[pin]
    _driver: driver::Registration<board::Board>,
    _board: board::Placed,
}

impl Parts {
    /// Built in the order of their dependencies, undone in reverse if one fails.
    fn new(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _board: board::Placed::new()?,
            _driver <- driver::register::<board::Board>(module),
            _device: board::platform_device()?,
        }? Error)
    }
}

impl kernel::Module for Module {
    fn init(module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _loaded: kext::load_gate::Loaded::new(Parts::new(module))?,
        })
    }
}
