// SPDX-License-Identifier: GPL-2.0-only

//! The parts of simrupt's driver: the simulated device, the flavors and the observers, configured
//! by the knobs. Process context.

use super::{
    changes,
    lines::{
        self,
        Bound,
        Control,
        Device, //
    },
    values, //
};
use crate::{
    driver::{
        Binding,
        Parts,
        Registers,
        Runner,
        Setup, //
    },
    instrument::{
        deferral::Deferral,
        meters::Meters,
        BottomMeter,
        Observers,
        OtherMeter,
        ReadMeter,
        TopMeter, //
    },
    kext::module,
    logic::{
        knobs::{
            Flavor,
            Knob,
            Policy,
            Run, //
        },
        mask::Mask,
        ring::{
            DeviceEnd,
            Ring, //
        }, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The firmware property with the line number of a device.
pub(super) const LINE: &CStr = c"line";

/// See the module's description.
pub(crate) struct Simrupt;

impl Registers for Device {
    fn attach(&self, ring: DeviceEnd<Arc<Ring>>) {
        Device::attach(self, ring);
    }

    fn detach(&self) {
        Device::detach(self);
    }

    fn set_running(&self, running: bool) {
        Device::set_running(self, running);
    }

    #[inline]
    fn acknowledge(&self) -> bool {
        Device::acknowledge(self)
    }

    #[inline]
    fn is_up(&self) -> bool {
        Device::is_up(self)
    }

    #[inline]
    fn mask(&self) -> Option<&Mask> {
        Some(Device::mask(self))
    }

    fn raise_again(&self) {
        Device::raise_again(self);
    }

    #[inline]
    fn ring_doorbell(&self) {
        Device::ring_doorbell(self);
    }
}

/// A published line; dropping this withdraws it.
pub(crate) struct Published(Arc<Control>);

impl Drop for Published {
    fn drop(&mut self) {
        // Waits for a change that is in progress; later changes find no bound line.
        let bound = self.0.changes.take().take();
        self.0.show(None);
        if let Some(bound) = bound {
            // Unbinding waits for the bottom half, so a run that is busy or sleeping for a knob
            // must end now.
            bound.meters.end_extra();
            if values::run(self.0.index) == Run::Always {
                bound.binding.line.count_user(false);
            }
        }
    }
}

/// The meters of a line whose bottom half does not run yet. Its top half may: by an interrupt that
/// is left over from an earlier driver.
fn meters(runner: &Runner<Simrupt>) -> Result<Arc<Meters>> {
    let meters = runner.with_bottom_half(|bottom_half| bottom_half.observer.meters());
    meters.ok_or(EBUSY)
}

impl Setup for Simrupt {
    const NAME: &'static CStr = module::NAME;
    const LINE_PROPERTY: &'static CStr = LINE;
    type Registers = Device;
    type Deferral = Deferral<Self>;
    type Observer = Observers;
    type Published = Published;

    fn parts(index: usize) -> Result<Parts<Self>> {
        let control = lines::line(index)?;
        let is_shared = values::is_shared(index);
        let meters = Meters::new(
            index,
            control.load.clone(),
            control.device_counters.clone(),
            Flavor::from_value(values::value(index, Knob::Workqueue)),
            is_shared,
        )?;
        control.load.service_changes();
        control.device.with_watch(|meter| meter.reset(0));
        Ok(Parts {
            registers: control.device.clone(),
            fifo_size: usize::try_from(values::value(index, Knob::FifoSize))?,
            policy: Policy::from_value(values::value(index, Knob::FifoPolicy)),
            masked: values::value(index, Knob::Masked) != 0,
            is_shared,
            top_half: TopMeter::new(meters.clone()),
            bottom_half: BottomMeter::new(meters.clone()),
            others: OtherMeter::new(meters.clone()),
            reads: ReadMeter::new(&meters),
        })
    }

    fn deferral(index: usize, runner: Runner<Self>) -> Result<Deferral<Self>> {
        let flavor = meters(&runner)?.flavor();
        Deferral::new(index, flavor, runner)
    }

    /// Publishes the line, and applies the knobs, which may have changed since the line was built.
    fn publish(binding: Arc<Binding<Self>>) -> Result<Published> {
        let control = lines::line(binding.index)?;
        let meters = meters(binding.runner())?;
        let bound = Bound { binding, meters };
        {
            let mut place = control.changes.take_killable()?;
            changes::apply_all(&control, &bound)?;
            control.show(Some(&bound));
            *place = Some(bound);
        }
        Ok(Published(control))
    }

    fn bound(index: usize, outcome: Result) {
        if let Ok(control) = lines::line(index) {
            control.note_outcome(outcome);
        }
    }

    fn name(index: usize) -> &'static CStr {
        lines::name(index)
    }
}
