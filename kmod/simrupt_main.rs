// SPDX-License-Identifier: GPL-2.0-only

//! simrupt: a simulated interrupt-driven device, and its driver.
//!
//! ```text
//!  hw/ the simulated device                     driver/ an ordinary driver
//!  hard hrtimer -> event into the ring -> IRQ -> top half -> work item -> fifo -> /dev/simruptN
//! ```
//!
//! - [`control`] is how users change and watch the lines: module parameters, debugfs, statistics.
//! - [`instrument`] is what simrupt adds around the driver: flavors, meters, limits.
//! - [`hw`] simulates the hardware: the device behind the interrupt.
//! - [`driver`] is an ordinary driver: platform driver, interrupt handler, deferred work, char
//!   device.
//! - [`kext`] is what the kernel crate lacks, with all `unsafe` code of the module.
//! - [`logic`] is everything that needs no kernel: ring, fifo, schedule, knob table.
//!
//! Each part uses only the parts below it: `control`, then `instrument` and `hw`, then `driver`,
//! then `kext` and `logic`. (`hw` does not use `driver`.)

use kernel::prelude::*;

mod control;
mod driver;
mod hw;
mod instrument;
mod kext;
// In the folder core/, but with another name, because `core` is Rust's own crate.
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

/// The version, as a `.modinfo` string. Kbuild takes it from the workspace's Cargo.toml.
const VERSION_TEXT: &str = concat!("version=", env!("SIMRUPT_VERSION"), "\0");

/// For `modinfo`, DKMS and /sys/module/simrupt/version. The `module!` macro has no version field.
#[link_section = ".modinfo"]
#[used(compiler)]
static VERSION: [u8; VERSION_TEXT.len()] = kext::module::modinfo(VERSION_TEXT);

/// The loaded module.
struct Module {
    _loaded: kext::load_gate::Loaded<Parts>,
}

/// The parts of the module. The fields are dropped from the first to the last: first the interfaces
/// to the knobs, then the devices are unbound and unregistered, then the driver, and last the
/// hardware.
#[pin_data]
struct Parts {
    _faces: control::Faces,
    _devices: control::PlatformDevices,
    #[pin]
    _driver: driver::Registration<control::Simrupt>,
    _hardware: control::Hardware,
}

impl Parts {
    /// Makes the parts in the order in which they depend on each other; undone in reverse if one
    /// fails.
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
