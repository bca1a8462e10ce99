// SPDX-License-Identifier: GPL-2.0-only

//! The board: the place of the device, and the parts of its driver.

use crate::{
    device::{
        self,
        Device, //
    },
    driver::{
        Asked,
        Binding,
        Defer,
        Format,
        Parts,
        Runner,
        Setup, //
    },
    kext::{
        global::{
            self,
            Global, //
        },
        irq_domain::{
            Affinity,
            IrqDomain,
            IrqLine, //
        },
        module,
        module_param::value,
        platform_device::PlatformDevice,
        workqueue::{
            Builder,
            Work, //
        }, //
    },
    logic::knobs::Policy,
    module_parameters, //
};
use core::ops::RangeInclusive;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The device whose registers the driver uses.
static DEVICE: Global<Device> = Global::new();

/// The device exists; dropping this removes it.
pub(crate) struct Placed {
    _placed: global::Placed<Device>,
}

/// Refuses parameters out of range, with a message.
fn check_parameters() -> Result {
    let range = |name, value: u64, range: RangeInclusive<u64>| {
        if range.contains(&value) {
            return Ok(());
        }
        pr_err!(
            "{} is {} to {}, not {}\n",
            name,
            range.start(),
            range.end(),
            value
        );
        Err(EINVAL)
    };
    range(
        "rate_hz",
        value(&module_parameters::rate_hz).into(),
        1..=1_000_000,
    )?;
    range("burst", value(&module_parameters::burst).into(), 1..=4096)?;
    range("record", value(&module_parameters::record).into(), 0..=1)?;
    range("always", value(&module_parameters::always).into(), 0..=1)?;
    range(
        "deferral",
        value(&module_parameters::deferral).into(),
        0..=3,
    )?;
    let fifo_size = value(&module_parameters::fifo_size);
    range("fifo_size", fifo_size.into(), 1..=1 << 20)?;
    if !fifo_size.is_power_of_two() {
        pr_err!("fifo_size is a power of two, not {}\n", fifo_size);
        return Err(EINVAL);
    }
    Ok(())
}

impl Placed {
    pub(crate) fn new() -> Result<Self> {
        check_parameters()?;
        let device = device::new(IrqLine::new(IrqDomain::new(1)?, 0, Affinity::Free, ())?)?;
        Ok(Self {
            _placed: DEVICE.place(device),
        })
    }
}

/// Announces the device to the kernel; it is bound at once.
pub(crate) fn platform_device() -> Result<PlatformDevice> {
    let virq = DEVICE.get().ok_or(ENODEV)?.virq();
    PlatformDevice::new(Board::NAME, 0, virq, Board::LINE_PROPERTY)
}

/// How the top half defers the rest of its work.
pub(crate) enum Deferral {
    /// By a work item.
    Work(Pin<KBox<Work<Runner<Board>>>>),
    /// Not at all: it does all of the work itself.
    Direct,
}

impl Defer for Deferral {
    #[inline]
    fn schedule(&self) -> Asked {
        match self {
            Self::Direct => Asked::Direct,
            Self::Work(work) if work.schedule() => Asked::New,
            Self::Work(_) => Asked::AlreadyPending,
        }
    }
}

/// The parts of the driver.
pub(crate) struct Board;

/// Keeps a device running that should always run.
pub(crate) struct Running(Option<Arc<Binding<Board>>>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(binding) = &self.0 {
            binding.line.count_user(false);
        }
    }
}

impl Setup for Board {
    const NAME: &'static CStr = module::NAME;
    const LINE_PROPERTY: &'static CStr = c"line";
    type Registers = Device;
    type Deferral = Deferral;
    type Observer = ();
    type Published = Running;

    fn parts(_line: usize) -> Result<Parts<Self>> {
        Ok(Parts {
            registers: DEVICE.get().ok_or(ENODEV)?,
            fifo_size: usize::try_from(value(&module_parameters::fifo_size))?,
            policy: Policy::Overwrite,
            masked: false,
            is_shared: false,
            top_half: (),
            bottom_half: (),
            others: (),
            reads: (),
        })
    }

    fn deferral(_line: usize, runner: Runner<Self>) -> Result<Deferral> {
        let queue = match value(&module_parameters::deferral) {
            0 => return Ok(Deferral::Direct),
            1 => Builder::unbound(),
            2 => Builder::percpu(),
            _ => Builder::bh(),
        };
        let queue = queue.build(fmt!("{}", Self::NAME))?;
        Ok(Deferral::Work(Work::new(queue, runner)?))
    }

    fn publish(binding: Arc<Binding<Self>>) -> Result<Running> {
        if value(&module_parameters::record) != 0 {
            binding.line.set_format(Format::Record);
        }
        if value(&module_parameters::always) == 0 {
            return Ok(Running(None));
        }
        binding.line.count_user(true);
        Ok(Running(Some(binding)))
    }

    fn bound(_line: usize, outcome: Result) {
        if let Err(error) = outcome {
            pr_err!("the line cannot be set up: {error:?}\n");
        }
    }

    fn name(_line: usize) -> &'static CStr {
        c"simruptmin0"
    }
}
