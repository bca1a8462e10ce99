// SPDX-License-Identifier: GPL-2.0-only

//! simrupt: a simulated interrupt-driven device, and the driver for it.
//!
//! ```text
//!  hw/  the simulated device                        driver/  what any driver does
//!  hard hrtimer -> event into the ring -> IRQ line -> top half -> work item -> fifo -> /dev/simruptN
//! ```
//!
//! - [`hw`] plays the hardware: timer, interrupt controller, platform device.
//! - [`driver`] is an ordinary driver: platform driver, interrupt handler, workqueue, char device.
//! - [`control`] is how users change and watch both: module parameters, debugfs, statistics.
//! - [`door`] keeps files closed while a load can still fail.
//! - [`lines`] is where the three find each other.
//! - [`cpu_time`] sees to it that the lines leave enough of each CPU to others.
//! - [`stress`] makes life hard for a line, for those who want to see it cope.
//! - [`trace`] is what others can listen to, [`log`] what the kernel's log is told.
//! - [`work`] is what work items need that go to all kinds of queues.
//! - [`logic`] is everything that needs no kernel: ring, fifo, schedule, knob table.
//! - [`ffi`] is what the kernel crate lacks, [`compat`] what differs between kernels.

use kernel::prelude::*;

mod clock;
mod compat;
mod contexts;
mod control;
mod cpu_time;
mod door;
mod driver;
mod exclusive;
mod ffi;
mod hw;
mod lines;
mod log;
mod stress;
mod trace;
mod work;
// In the folder core/, but not called so: `core` is Rust's own.
#[path = "core/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "also a host library, which uses more of it"
)]
mod logic;

/// The name of the module, of the platform driver, of the interrupt chip, and of the first part of
/// every device's name.
const NAME: &CStr = c"simrupt";

/// The firmware property that tells a device which line it is.
const LINE_PROPERTY: &CStr = c"line";

module! {
    type: Simrupt,
    name: "simrupt",
    authors: ["The simrupt authors"],
    description: "Simulated interrupt-driven device with selectable deferred work",
    license: "GPL v2",
}

/// For `modinfo` and /sys/module/simrupt/version; the kernel crate's macro knows no version.
#[link_section = ".modinfo"]
#[used(compiler)]
static VERSION: [u8; 14] = *b"version=0.1.0\0";

/// The loaded module. The fields are dropped from the first to the last: first nobody can reach a
/// knob any more, then the devices leave their driver, and at last the hardware goes.
#[pin_data]
struct Simrupt {
    _open: door::Open,
    _faces: control::Faces,
    _announced: lines::Announced,
    #[pin]
    _driver: driver::Registration,
    _hardware: lines::Hardware,
    _threshold: door::Threshold,
}

impl kernel::InPlaceModule for Simrupt {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        // SAFETY: The module is initialized once.
        unsafe { lines::LINES.init() };
        // Built in the order in which they need each other, undone in reverse if one fails.
        try_pin_init!(Self {
            _threshold: door::Threshold::new(),
            _hardware: lines::Hardware::new()?,
            _driver <- driver::register(module),
            _announced: lines::Announced::new()?,
            _faces: control::Faces::new()?,
            _open: door::Open::new(),
        }? Error)
    }
}
