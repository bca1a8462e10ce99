// SPDX-License-Identifier: GPL-2.0-only

//! Binding: builds a line for a platform device, and tears it down. Process context.

use super::{
    bottom_half::{
        BottomHalf,
        Runner, //
    },
    line::Line,
    top_half::{
        Intake,
        TopHalf, //
    },
    Observe,
    Registers,
    Setup, //
};
use crate::{
    kext::{
        irq,
        kvec,
        misc_device,
        module::recording_result, //
    },
    logic::{
        fifo::{
            self,
            Lost, //
        },
        knobs::Policy,
        ring::{
            Ends,
            Ring,
            Slot, //
        }, //
    },
};
use core::{
    marker::PhantomData,
    num::NonZeroUsize, //
};
use kernel::{
    device::{
        self,
        Core, //
    },
    driver,
    platform,
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
    time::Delta, //
};

/// The capacity of the ring between device and driver, in events.
const RING_EVENTS: usize = 4096;

/// How long a change waits for the bottom half to end.
const PATIENCE: Delta = Delta::from_secs(2);

/// The registered platform driver.
pub(crate) type Registration<S> = driver::Registration<platform::Adapter<Driver<S>>>;

/// Registers the driver. It is bound at once to every device that exists.
pub(crate) fn register<S: Setup>(
    module: &'static ThisModule,
) -> impl PinInit<Registration<S>, Error> {
    Registration::<S>::new(S::NAME, module)
}

/// The parts of a line, except its deferral.
pub(crate) struct Parts<S: Setup> {
    pub(crate) registers: Arc<S::Registers>,
    /// The capacity of the fifo, in records.
    pub(crate) fifo_size: usize,
    /// The policy of the fifo when it is full.
    pub(crate) policy: Policy,
    /// Whether the interrupt is disabled until [`Binding::set_masked`] enables it.
    pub(crate) masked: bool,
    /// Whether other devices may share the interrupt.
    pub(crate) is_shared: bool,
    pub(crate) top_half: <S::Observer as Observe>::TopHalf,
    pub(crate) bottom_half: <S::Observer as Observe>::BottomHalf,
    pub(crate) others: <S::Observer as Observe>::Others,
    pub(crate) reads: <S::Observer as Observe>::Reads,
}

/// A bound line, for changes while it runs.
pub(crate) struct Binding<S: Setup> {
    pub(crate) index: usize,
    pub(crate) line: Arc<Line<S>>,
    /// For its cursors; device, top half and bottom half hold the ends.
    pub(crate) ring: Arc<Ring>,
    irq: Pin<KBox<irq::Registration<TopHalf<S>>>>,
    runner: Runner<S>,
}

/// A line whose top half and bottom half are held off.
pub(crate) struct Still<'a, S: Setup> {
    pub(crate) line: &'a Line<S>,
    pub(crate) top_half: &'a mut TopHalf<S>,
    pub(crate) bottom_half: &'a mut BottomHalf<S>,
    pub(crate) intake: &'a mut Intake<S>,
}

impl<S: Setup> Binding<S> {
    /// Calls `change` while neither the top half nor the bottom half runs or is about to run. The
    /// device continues: its events wait in the ring, and its raises wait until the interrupt is
    /// enabled again.
    ///
    /// # Errors
    ///
    /// `EINTR` when the caller is killed; `ETIMEDOUT` when the bottom half does not end in time. On
    /// error nothing was changed.
    pub(crate) fn hold<R>(&self, change: impl FnOnce(Still<'_, S>) -> R) -> Result<R> {
        self.line.is_to_end.store(true, Relaxed);
        let polled = self.line.polling().is_some();
        let changed = self.hold_quiet(change);
        self.line.is_to_end.store(false, Relaxed);
        // A bottom half that polled was made to end early, and one that polls from now on may have
        // been, too.
        let has_ended_early = polled || self.line.polling().is_some();
        if self.irq.take_missed() || has_ended_early {
            self.line.registers.raise_again();
        }
        changed
    }

    /// As [`Self::hold`], but does not make a polling bottom half end.
    fn hold_quiet<R>(&self, change: impl FnOnce(Still<'_, S>) -> R) -> Result<R> {
        let mut top_half = self.irq.hold(PATIENCE)?;
        self.line.runs.wait(PATIENCE)?;
        let changed = self.runner.with(|bottom_half, intake| {
            change(Still {
                line: &self.line,
                top_half: &mut top_half,
                bottom_half,
                intake,
            })
        });
        changed.ok_or(ETIMEDOUT)
    }

    /// Makes the bottom half poll, with at most `budget` events in each run; `None` ends polling.
    ///
    /// # Errors
    ///
    /// As [`Self::hold`].
    pub(crate) fn set_poll_budget(&self, budget: Option<NonZeroUsize>) -> Result {
        if self.line.polling().map(|(budget, _)| budget) == budget {
            return Ok(());
        }
        self.hold(|still| still.line.set_poll_budget(budget))
    }

    /// Gives the fifo the memory of `slots`, and keeps the records that fit. Calls `lost` if some
    /// do not.
    ///
    /// # Errors
    ///
    /// As [`Self::hold`].
    pub(crate) fn set_fifo(&self, slots: KVVec<fifo::Slot>, lost: impl FnOnce(Lost)) -> Result {
        self.hold(|still| still.line.set_fifo(slots, lost))
    }

    /// Disables the interrupt, or enables it again.
    ///
    /// # Errors
    ///
    /// The errors of [`irq::Registration::set_masked`].
    pub(crate) fn set_masked(&self, masked: bool) -> Result {
        self.irq.set_masked(masked)
    }

    /// Enables the interrupt if the kernel has disabled it as unhandled. Tells whether it had.
    ///
    /// # Errors
    ///
    /// As [`Self::set_masked`].
    pub(crate) fn revive(&self) -> Result<bool> {
        self.irq.revive()
    }

    /// The runner of the bottom half.
    pub(crate) fn runner(&self) -> &Runner<S> {
        &self.runner
    }
}

/// The platform driver. It finds its devices by their name.
pub(crate) struct Driver<S>(PhantomData<S>);

/// A bound device. The fields are dropped from the first to the last, which is the order of
/// teardown: first the interfaces to user space, then the source of interrupts, then the handler
/// and the bottom half. At each step, nothing is left that could call the part that is dropped.
pub(crate) struct Bound<S: Setup> {
    _char_device: Pin<KBox<misc_device::Registration<Line<S>>>>,
    _published: S::Published,
    _connection: Connection<S>,
    _binding: Arc<Binding<S>>,
}

/// The connection of the device to the line. Dropping it stops the device, and wakes the readers.
struct Connection<S: Setup>(Arc<Line<S>>);

impl<S: Setup> Drop for Connection<S> {
    fn drop(&mut self) {
        self.0.disconnect();
    }
}

impl<S: Setup> platform::Driver for Driver<S> {
    type IdInfo = ();
    type Data<'bound> = Bound<S>;

    fn probe<'bound>(
        device: &'bound platform::Device<Core<'_>>,
        _id: Option<&'bound ()>,
    ) -> impl PinInit<Bound<S>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            let node = device.as_ref().fwnode().ok_or(ENODEV)?;
            let index = node
                .property_read::<u32>(S::LINE_PROPERTY)
                .required_by(device.as_ref())?;
            let index = usize::try_from(index)?;
            let bound = pin_init::pin_init_scope(move || Ok(bind::<S>(device, index)));
            Ok(recording_result(bound, move |outcome| {
                S::bound(index, outcome)
            }))
        })
    }
}

/// Binds a line to its device. It is built from the bottom up, and torn down in reverse if a step
/// fails.
fn bind<S: Setup>(device: &platform::Device<device::Bound>, index: usize) -> Result<Bound<S>> {
    let parts = S::parts(index)?;
    let slots = kvec::zeroed(parts.fifo_size)?;
    let line = Line::<S>::new(parts.registers.clone(), slots, parts.policy, parts.reads)?;
    let slots = kvec::filled(RING_EVENTS, Slot::new)?;
    let (
        ring,
        Ends {
            device: device_end,
            top,
            bottom,
        },
    ) = Ring::with_ends(slots, |ring| Arc::new(ring, GFP_KERNEL))?.ok_or(EINVAL)?;
    let intake = Intake::new(top, parts.top_half);
    let runner = Runner::new(line.clone(), bottom, parts.bottom_half, intake)?;
    let deferral = S::deferral(index, runner.clone())?;
    let top_half = TopHalf::new(runner.clone(), deferral, parts.others);
    let irq = irq::Registration::new(
        device,
        S::name(index),
        top_half,
        runner.clone(),
        parts.masked,
        parts.is_shared,
    )?;
    let binding = Arc::new(
        Binding {
            index,
            line: line.clone(),
            ring,
            irq,
            runner,
        },
        GFP_KERNEL,
    )?;
    parts.registers.attach(device_end);
    let connection = Connection(line.clone());
    // All settings are in force before a process can open the device.
    let published = S::publish(binding.clone())?;
    let char_device = misc_device::Registration::new(S::name(index), line)?;
    Ok(Bound {
        _char_device: char_device,
        _published: published,
        _connection: connection,
        _binding: binding,
    })
}
