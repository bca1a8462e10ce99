// SPDX-License-Identifier: GPL-2.0-only

//! Binding: puts a line together for a platform device, and takes it apart again. Process context.

use super::{
    chardev::CharDevice,
    deferral::Deferral,
    line::{
        Config,
        Line,
        RING_EVENTS, //
    },
    room::fifo_slots,
    top_half::TopHalf, //
};
use crate::{
    compat, control, lines,
    logic::{
        knobs::{
            Flavor,
            Knob,
            Policy,
            Trigger, //
        },
        ring::{
            DeviceEnd,
            Ring,
            Slot, //
        },
    },
};
use kernel::{
    device::{
        self,
        Core, //
    },
    driver,
    platform,
    prelude::*,
    sync::Arc, //
};

/// The registered platform driver.
pub(crate) type Registration = driver::Registration<platform::Adapter<Driver>>;

/// Registers the driver; it is bound at once to every device that is there.
pub(crate) fn register(module: &'static ThisModule) -> impl PinInit<Registration, Error> {
    Registration::new(crate::NAME, module)
}

/// The platform driver. It finds its devices by their name.
pub(crate) struct Driver;

/// A bound device. The fields are dropped from the first to the last, which is the order of
/// teardown: first the ways in, then the source of interrupts, then the handler, then the bottom
/// half. At each step, nobody is left who could call what goes next.
#[pin_data]
pub(crate) struct Bound<'bound> {
    _chardev: Pin<KBox<CharDevice>>,
    _published: lines::Published,
    _connection: Connection,
    #[pin]
    _irq: compat::ThreadedRegistration<'bound, TopHalf>,
    _bottom_half: BottomHalf,
}

/// The device works for the line; dropping this ends it, and tells the readers.
struct Connection(Arc<Line>);

impl Connection {
    /// The interrupt was requested, and is still disabled.
    fn new(line: Arc<Line>, ring: DeviceEnd<Arc<Ring>>) -> Self {
        line.enable_interrupt();
        line.device.attach(ring, line.device_tally.clone());
        Self(line)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.disconnect();
    }
}

/// The line's bottom half; dropping this ends it.
struct BottomHalf(Arc<Line>);

impl Drop for BottomHalf {
    fn drop(&mut self) {
        self.0.retire();
    }
}

/// A line with what the knobs say now, and the end of its ring that the device gets.
fn build(index: usize) -> Result<(Arc<Line>, DeviceEnd<Arc<Ring>>)> {
    let mut slots = KVVec::with_capacity(RING_EVENTS, GFP_KERNEL)?;
    for _ in 0..RING_EVENTS {
        slots.push(Slot::new(), GFP_KERNEL)?;
    }
    let ring = Arc::new(Ring::new(slots).ok_or(EINVAL)?, GFP_KERNEL)?;
    // SAFETY: The ring was just made, and is split only here.
    let (device_end, top, bottom) = unsafe { Ring::split(ring.clone()) };
    let value = |knob| control::value(index, knob);
    let line = Line::new(Config {
        index,
        device: lines::device(index)?,
        ring,
        top,
        bottom,
        deferral: Deferral::new(index, Flavor::from_value(value(Knob::Workqueue)))?,
        fifo: fifo_slots(value(Knob::FifoSize))?,
        policy: Policy::from_value(value(Knob::FifoPolicy)),
        trigger: Trigger::from_value(value(Knob::Trigger)),
    })?;
    Ok((line, device_end))
}

impl platform::Driver for Driver {
    type IdInfo = ();
    type Data<'bound> = Bound<'bound>;

    fn probe<'bound>(
        device: &'bound platform::Device<Core<'_>>,
        _id: Option<&'bound ()>,
    ) -> impl PinInit<Bound<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            let node = device.as_ref().fwnode().ok_or(ENODEV)?;
            let index = node
                .property_read::<u32>(crate::LINE_PROPERTY)
                .required_by(device.as_ref())?;
            let index = usize::try_from(index)?;
            Ok(lines::noting_outcome(index, bind(device, index)))
        })
    }
}

/// Binds a line to its device.
fn bind<'bound>(
    device: &'bound platform::Device<device::Bound>,
    index: usize,
) -> impl PinInit<Bound<'bound>, Error> + 'bound {
    pin_init::pin_init_scope(move || {
        let (line, device_end) = build(index)?;
        // Built from the bottom up, undone from the top down should a step fail.
        Ok(try_pin_init!(Bound {
            _bottom_half: BottomHalf(line.clone()),
            // SAFETY: The registration lives in the driver's data, which is dropped on unbind.
            _irq <- unsafe {
                compat::request_threaded_irq(
                    device,
                    lines::name(index),
                    TopHalf(line.clone()),
                )
            },
            _connection: Connection::new(line.clone(), device_end),
            // All knobs are in force before anybody can open the device.
            _published: lines::publish(line.clone())?,
            _chardev: KBox::pin_init(CharDevice::new(line), GFP_KERNEL)?,
        }? Error))
    })
}
