// SPDX-License-Identifier: GPL-2.0-only

//! The registry of lines: where hardware, driver and knobs find each other. Process context.

use crate::{
    compat, control,
    cpu_time::CpuTime,
    driver::Line,
    hw::{
        Device,
        IrqDomain,
        IrqLine,
        PlatformDevice, //
    },
    log,
    logic::knobs::{
        Knob,
        MAX_LINES, //
    },
    stress::Antagonist,
};
use kernel::{
    prelude::*,
    sync::{
        global_lock,
        Arc, //
    },
};

global_lock! {
    // SAFETY: Initialized in the module's init, before anything else.
    /// The registry, and the lock of all knob changes. For the lock order see
    /// [`crate::driver::Line`]'s module.
    pub(crate) unsafe(uninit) static LINES: Mutex<Registry> = Registry::EMPTY;
}

/// What there is of each line.
pub(crate) struct Registry {
    pub(crate) slots: [Slot; MAX_LINES],
}

/// One line's place in the registry.
pub(crate) struct Slot {
    /// The simulated device, from load to unload.
    pub(crate) device: Option<Arc<Device>>,
    /// What disturbs it, for as long.
    pub(crate) antagonist: Option<Arc<Antagonist>>,
    /// The driver's side, while it is bound.
    pub(crate) line: Option<Arc<Line>>,
    /// How it went when the driver was bound last; none before it is bound first.
    binding: Option<Result>,
}

impl Registry {
    const EMPTY: Self = Self {
        slots: [const {
            Slot {
                device: None,
                antagonist: None,
                line: None,
                binding: None,
            }
        }; MAX_LINES],
    };

    /// How many lines the module was loaded with.
    pub(crate) fn count() -> usize {
        usize::try_from(control::value(0, Knob::Lines)).unwrap_or(0)
    }
}

/// The simulated devices are in the registry; dropping this takes them out.
pub(crate) struct Hardware(());

impl Hardware {
    /// Makes a device per line, not yet known to the kernel.
    pub(crate) fn new() -> Result<Self> {
        let count = control::begin()?;
        let domain = IrqDomain::new(count)?;
        let cpu_time = CpuTime::new()?;
        let hardware = Self(());
        for index in 0..count {
            let line = IrqLine::new(
                domain.clone(),
                cpu_time.clone(),
                control::limit_pct(index),
                index,
            )?;
            let device = Device::new(
                line,
                control::shape(index),
                control::cpu(index),
                cpu_time.clone(),
                index as u64,
            )?;
            let antagonist = Antagonist::new(cpu_time.clone())?;
            if let Some(slot) = LINES.lock().slots.get_mut(index) {
                slot.device = Some(device);
                slot.antagonist = Some(antagonist);
            }
        }
        Ok(hardware)
    }
}

impl Drop for Hardware {
    fn drop(&mut self) {
        // The registry is a static, which nobody drops.
        for slot in &mut LINES.lock().slots {
            slot.device = None;
            slot.antagonist = None;
        }
    }
}

/// The kernel knows the devices; dropping this has it forget them, and unbinds their drivers.
pub(crate) struct Announced {
    _devices: KVec<PlatformDevice>,
}

impl Announced {
    /// Makes the devices known one by one, each of which binds it to the driver.
    ///
    /// # Errors
    ///
    /// Why a line's driver could not be bound. The driver core does not tell who registers a
    /// device, so the driver leaves word in the registry.
    pub(crate) fn new() -> Result<Self> {
        let mut devices = KVec::with_capacity(Registry::count(), GFP_KERNEL)?;
        for index in 0..Registry::count() {
            let virq = device(index)?.virq();
            devices.push(PlatformDevice::new(index, virq)?, GFP_KERNEL)?;
            // Not whether it is bound now: users may unbind it at once.
            let binding = LINES.lock().slots.get(index).and_then(|slot| slot.binding);
            binding.unwrap_or(Err(ENODEV)).inspect_err(|error| {
                log::error!("line {index} cannot be set up: {error:?}\n");
            })?;
        }
        Ok(Self { _devices: devices })
    }
}

/// The simulated device of a line.
pub(crate) fn device(index: usize) -> Result<Arc<Device>> {
    let lines = LINES.lock();
    let slot = lines.slots.get(index).ok_or(ENODEV)?;
    slot.device.clone().ok_or(ENODEV)
}

/// Does what `init` does, which is to bind a line's driver, and remembers how that went.
pub(crate) fn noting_outcome<T>(
    index: usize,
    init: impl PinInit<T, Error>,
) -> impl PinInit<T, Error> {
    let noting = move |place: *mut T| {
        // SAFETY: As whoever calls this promises; what it says is passed on as it is.
        let result = unsafe { compat::init_pinned(init, place) };
        if let Some(slot) = LINES.lock().slots.get_mut(index) {
            slot.binding = Some(result);
        }
        result
    };
    // SAFETY: `noting` does what `init` does.
    unsafe { pin_init::pin_init_from_closure(noting) }
}

/// A line that is in the registry; dropping this takes it out.
pub(crate) struct Published(usize);

/// Puts a line into the registry, and brings it up to date with the knobs, which may have changed
/// since it was built.
pub(crate) fn publish(line: Arc<Line>) -> Result<Published> {
    let mut lines = LINES.lock();
    let index = line.index;
    let slot = lines.slots.get_mut(index).ok_or(ENODEV)?;
    slot.line = Some(line);
    if let Err(error) = control::apply_all(index, slot) {
        slot.line = None;
        return Err(error);
    }
    Ok(Published(index))
}

impl Drop for Published {
    fn drop(&mut self) {
        let line = LINES
            .lock()
            .slots
            .get_mut(self.0)
            .and_then(|slot| slot.line.take());
        drop(line);
    }
}

/// `simruptN`: of the char device and of the interrupt's action. Both want it to live for ever.
pub(crate) fn name(index: usize) -> &'static CStr {
    static NAMES: [[u8; 10]; MAX_LINES] = names();
    NAMES
        .get(index)
        .and_then(|name| CStr::from_bytes_until_nul(name).ok())
        .unwrap_or(crate::NAME)
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
        assert!(name(MAX_LINES) == crate::NAME);
    }
}
