// SPDX-License-Identifier: GPL-2.0-only

//! simrupt: a simulated interrupt-driven device, and the driver for it.
//!
//! ```text
//!  hw/  the simulated device                        driver/  what any driver does
//!  hard hrtimer -> event into the ring -> IRQ line -> top half -> work item -> fifo -> /dev/simruptN
//! ```
//!
//! - [`control`] is how users change and watch the lines: module parameters, debugfs, statistics.
//! - [`instrument`] is everything that simrupt adds around the driver: flavors, meters, limits.
//! - [`hw`] plays the hardware: the device behind the interrupt.
//! - [`driver`] is an ordinary driver: platform driver, interrupt handler, deferred work, char device.
//! - [`kext`] is what the kernel crate lacks: all `unsafe` code of the module.
//! - [`logic`] is everything that needs no kernel: ring, fifo, schedule, knob table.
//!
//! Each of them uses those below it alone: `control`, then `instrument` and `hw`, then `driver`, then `kext`
//! and `logic`. (`hw` knows nothing of `driver`.)

use kernel::prelude::*;

mod control;
mod driver;
mod hw;
mod instrument;
mod kext;
// In the folder core/, but not called so: `core` is Rust's own.
#[path = "core/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "also a host library, which uses more of it"
)]
mod logic;

module! {
    type: Module,
    name: "simrupt",
    authors: ["The simrupt authors"],
    description: "Simulated interrupt-driven device with selectable deferred work",
    license: "GPL v2",
}

/// The version as `.modinfo` holds it. Kbuild takes it from the workspace's Cargo.toml.
const VERSION_TEXT: &str = concat!("version=", env!("SIMRUPT_VERSION"), "\0");

/// For `modinfo`, DKMS and /sys/module/simrupt/version; the kernel crate's macro knows no version.
#[link_section = ".modinfo"]
#[used(compiler)]
static VERSION: [u8; VERSION_TEXT.len()] = kext::module::modinfo(VERSION_TEXT);

/// The loaded module.
struct Module {
    _loaded: kext::load_gate::Loaded<Parts>,
}

/// Its parts. The fields are dropped from the first to the last: first the knobs are out of reach, then
/// the devices leave their driver, and at last the hardware goes.
#[pin_data]
struct Parts {
    _faces: control::Faces,
    _devices: control::PlatformDevices,
    #[pin]
    _driver: driver::Registration<control::Simrupt>,
    _hardware: control::Hardware,
}

impl Parts {
    /// Built in the order in which they need each other, undone in reverse if one fails.
    fn new(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _hardware: control::Hardware::new()?,
            _driver <- driver::register::<control::Simrupt>(module),
            _devices: control::PlatformDevices::new()?,
            _faces: control::Faces::new()?,
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
