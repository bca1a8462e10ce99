// SPDX-License-Identifier: GPL-2.0-only

//! The lines: they connect hardware, driver and knobs. Process context.
//!
//! # Lock order
//!
//! From the outside in: a lock is taken only while holding locks above it in this list.
//!
//! 1. the module's parameter lock, which the kernel holds around every access to a parameter
//! 2. [`Control::changes`] of lines in ascending order: held while their knobs are changed, and
//!    while they are bound and unbound. A change may wait for the bottom half. That wait can be
//!    killed, and ends after some seconds. A wait for this lock can be killed, too.
//! 3. [`Control::counting`] of that line: held while its counters are read or zeroed
//! 4. the locks in the module of [`crate::driver::Line`]
//!
//! [`LINES`] has its own lock, which is held only for a lookup.

use super::{
    setup::Simrupt,
    values, //
};
use crate::{
    driver::{
        Binding,
        Line, //
    },
    hw,
    instrument::{
        device,
        interference::Interference,
        load::{
            Arrivals,
            CpuTime,
            Load, //
        },
        meters::Meters,
        DeviceMeter, //
    },
    kext::{
        global::{
            self,
            Global, //
        },
        irq_domain::{
            IrqDomain,
            IrqLine, //
        },
        log,
        module,
        platform_device::PlatformDevice,
        semaphore::Semaphore, //
    },
    logic::{
        counters::Counters,
        knobs::{
            Knob,
            MAX_LINES, //
        },
        ring::Ring, //
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// The simulated device of a line.
pub(crate) type Device = hw::Device<DeviceMeter, Load, Arrivals>;

/// The lines, from load to unload.
static LINES: Global<Lines> = Global::new();

struct Lines(KVec<Arc<Control>>);

/// A line, for the interfaces to it.
#[pin_data]
pub(super) struct Control {
    pub(super) index: usize,
    pub(super) device: Arc<Device>,
    pub(super) device_counters: Arc<Counters<{ device::COUNTERS }>>,
    pub(super) load: Arc<Load>,
    pub(super) interference: Arc<Interference>,
    /// The bound line, for changes.
    #[pin]
    pub(super) changes: Semaphore<Option<Bound>>,
    /// The bound line, for readers of its state. A copy, so that they never wait for a change.
    #[pin]
    view: Mutex<Option<View>>,
    /// Held while the counters are read or zeroed.
    #[pin]
    pub(super) counting: Mutex<()>,
    /// The result of the last bind; `None` before the first one.
    #[pin]
    outcome: Mutex<Option<Result>>,
}

/// A bound line.
pub(super) struct Bound {
    pub(super) binding: Arc<Binding<Simrupt>>,
    pub(super) meters: Arc<Meters>,
}

/// The parts of a bound line that may be read at any time.
#[derive(Clone)]
pub(super) struct View {
    pub(super) line: Arc<Line<Simrupt>>,
    pub(super) ring: Arc<Ring>,
    pub(super) meters: Arc<Meters>,
}

impl Control {
    fn new(
        index: usize,
        line: IrqLine<Arrivals>,
        load: Arc<Load>,
        cpu_time: Arc<CpuTime>,
    ) -> Result<Arc<Self>> {
        let (meter, device_counters) = DeviceMeter::new(index, load.clone())?;
        let device = Device::new(
            line,
            load.clone(),
            meter,
            values::shape(index),
            values::cpu(index),
            index as u64,
        )?;
        let interference = Interference::new(cpu_time)?;
        Arc::pin_init(
            pin_init!(Self {
                index,
                device,
                device_counters,
                load,
                interference,
                changes <- Semaphore::new(None),
                view <- new_mutex!(None),
                counting <- new_mutex!(()),
                outcome <- new_mutex!(None),
            }),
            GFP_KERNEL,
        )
    }

    /// The bound line, for reading.
    ///
    /// # Errors
    ///
    /// `ENODEV` while no driver is bound.
    pub(super) fn view(&self) -> Result<View> {
        self.view.lock().clone().ok_or(ENODEV)
    }

    /// Publishes a bound line for [`Self::view`], or withdraws it with `None`.
    pub(super) fn show(&self, bound: Option<&Bound>) {
        let view = bound.map(|Bound { binding, meters }| View {
            line: binding.line.clone(),
            ring: binding.ring.clone(),
            meters: meters.clone(),
        });
        let old = core::mem::replace(&mut *self.view.lock(), view);
        drop(old);
    }

    /// Stores the result of a bind.
    pub(super) fn note_outcome(&self, outcome: Result) {
        *self.outcome.lock() = Some(outcome);
    }
}

/// The interrupt lines of the controller, with the CPU time of each.
fn interrupts(
    domain: &Arc<IrqDomain>,
    cpu_time: &Arc<CpuTime>,
) -> Result<KVec<(IrqLine<Arrivals>, Arc<Load>)>> {
    let count = count();
    let load = |index| Load::new(cpu_time.clone(), values::limit_pct(index));
    let mut interrupts = KVec::with_capacity(count, GFP_KERNEL)?;
    while interrupts.len() < count {
        let index = interrupts.len();
        let affinity = values::affinity(index, count);
        let own = load(index)?;
        if neighbour(index).is_none() {
            let line = IrqLine::new(domain.clone(), index, affinity, Arrivals(own.clone()))?;
            interrupts.push((line, own), GFP_KERNEL)?;
            continue;
        }
        // The second line of a pair is the next one.
        let other = load(index + 1)?;
        let arrivals = [Arrivals(own.clone()), Arrivals(other.clone())];
        let [first, second] = IrqLine::pair(domain.clone(), index, affinity, arrivals)?;
        interrupts.push((first, own), GFP_KERNEL)?;
        interrupts.push((second, other), GFP_KERNEL)?;
    }
    Ok(interrupts)
}

/// The line that shares the interrupt of line `index`.
pub(super) fn neighbour(index: usize) -> Option<usize> {
    values::neighbour(index, count())
}

/// The number of lines, as the module was loaded.
pub(super) fn count() -> usize {
    usize::try_from(values::value(0, Knob::Lines)).unwrap_or(0)
}

/// The line of this number.
///
/// # Errors
///
/// `ENODEV` when there is no such line.
pub(super) fn line(index: usize) -> Result<Arc<Control>> {
    let lines = LINES.get().ok_or(ENODEV)?;
    lines.0.get(index).cloned().ok_or(ENODEV)
}

/// The simulated devices; dropping this removes them.
pub(crate) struct Hardware(#[allow(dead_code, reason = "is kept")] global::Placed<Lines>);

impl Hardware {
    /// Makes a device per line. The kernel does not know them yet.
    ///
    /// # Errors
    ///
    /// `EINVAL` when the command line gave more values for a knob than there are lines. `EINVAL`
    /// for values that cannot be combined, on one line or on two that share an interrupt. `ENXIO`
    /// for a CPU that is offline; `EOPNOTSUPP` when this kernel lacks a feature; `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let placed = values::begin(|| {
            let lines = Lines(KVec::with_capacity(MAX_LINES, GFP_KERNEL)?);
            Ok(LINES.place(Arc::new(lines, GFP_KERNEL)?))
        })?;
        let count = values::check()?;
        let domain = IrqDomain::new(count)?;
        let cpu_time = CpuTime::new()?;
        let mut lines = KVec::with_capacity(count, GFP_KERNEL)?;
        for (index, (line, load)) in interrupts(&domain, &cpu_time)?.into_iter().enumerate() {
            let line = Control::new(index, line, load, cpu_time.clone())?;
            lines.push(line, GFP_KERNEL)?;
        }
        // Replaces the empty lines, which only made the place ready.
        placed.replace(Arc::new(Lines(lines), GFP_KERNEL)?);
        Ok(Self(placed))
    }
}

/// The registered platform devices; dropping this unbinds their drivers and unregisters them.
pub(crate) struct PlatformDevices(#[allow(dead_code, reason = "is kept")] KVec<PlatformDevice>);

impl PlatformDevices {
    /// Registers the devices one by one. Each registration binds the device to the driver.
    ///
    /// # Errors
    ///
    /// The error of a bind. The driver core does not return it from the registration of the device,
    /// so the driver stores it in the line.
    pub(crate) fn new() -> Result<Self> {
        let mut devices = KVec::with_capacity(count(), GFP_KERNEL)?;
        for index in 0..count() {
            let line = line(index)?;
            let id = u32::try_from(index)?;
            let device =
                PlatformDevice::new(module::NAME, id, line.device.virq(), super::setup::LINE)?;
            devices.push(device, GFP_KERNEL)?;
            // This is not whether it is bound now: users may unbind it at any time.
            let outcome = *line.outcome.lock();
            outcome.unwrap_or(Err(ENODEV)).inspect_err(|error| {
                log::error!("line {index} cannot be set up: {error:?}\n");
            })?;
        }
        Ok(Self(devices))
    }
}

/// `simruptN`: the name of the char device and of the interrupt handler. Both need a static string.
pub(super) fn name(index: usize) -> &'static CStr {
    static NAMES: [[u8; 10]; MAX_LINES] = names();
    NAMES
        .get(index)
        .and_then(|name| CStr::from_bytes_until_nul(name).ok())
        .unwrap_or(module::NAME)
}

const fn names() -> [[u8; 10]; MAX_LINES] {
    let mut names = [*b"simrupt\0\0\0"; MAX_LINES];
    let mut index = 0;
    while index < MAX_LINES {
        let (tens, ones) = ((index / 10) as u8, (index % 10) as u8);
        if tens == 0 {
            names[index][7] = b'0' + ones;
        } else {
            names[index][7] = b'0' + tens;
            names[index][8] = b'0' + ones;
        }
        index += 1;
    }
    names
}

#[kunit_tests(simrupt_lines)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_name_of_its_own() {
        assert!(name(0) == c"simrupt0");
        assert!(name(9) == c"simrupt9");
        assert!(name(10) == c"simrupt10");
        assert!(name(MAX_LINES - 1) == c"simrupt63");
        assert!(name(MAX_LINES) == module::NAME);
    }
}
