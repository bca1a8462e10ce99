// SPDX-License-Identifier: GPL-2.0-only

//! A line: what top half, bottom half, readers and knobs share while the driver is bound.
//!
//! # Lock order
//!
//! From the outside in. A lock is only taken while holding locks that stand before it.
//!
//! 1. the module's parameter lock (the kernel's; held around every access to a parameter)
//! 2. [`crate::lines::LINES`] (held around knob changes, resets and statistics), or `misc_mtx` (the
//!    misc core's; held around open and around (de)registering a char device). Neither is taken under
//!    the other.
//! 3. [`Line::users`]
//! 4. [`Line::deferral`]
//! 5. the device's control lock (inside [`hw::Device`]), or the antagonist's
//! 6. [`Line::reader`]: serializes readers; held for a bounded copy to memory that is present, and never
//!    while waiting for records or for memory
//! 7. [`Line::store`]: a spinlock with interrupts off; held for at most one batch of records
//!
//! The top half takes none of them.

use super::{
    bottom_half::{
        BottomCounts,
        BottomOwn,
        BATCH, //
    },
    deferral::Deferral,
    latency::Latency,
    reader::Reader,
    tasklet::Tasklet,
    top_half::{
        self,
        TopOwn, //
    },
};
use crate::{
    compat::{
        new_spinlock_irq,
        SpinLockIrq, //
    },
    exclusive::Exclusive,
    ffi::{
        self,
        Context, //
    },
    hw,
    logic::{
        abi::Record,
        fifo::Fifo,
        knobs::{
            Flavor,
            Format,
            Policy,
            Trigger, //
        },
        platform::Word,
        ring::{
            BottomEnd,
            Ring,
            TopEnd, //
        },
        tally::Tally, //
    },
    trace::{
        self,
        Cause, //
    },
    work,
};
use kernel::{
    bindings, new_mutex, new_poll_condvar, new_work,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        poll::PollCondVar,
        Arc,
        Mutex, //
    },
    workqueue::{
        Queue,
        Work, //
    },
};

/// How many events the ring between device and driver holds.
pub(super) const RING_EVENTS: usize = 4096;

/// What the fifo's lock guards.
pub(crate) struct Store {
    pub(crate) fifo: Fifo,
    pub(crate) bottom: BottomCounts,
    /// How the bottom half is run.
    pub(crate) flavor: Flavor,
    /// In which context that is.
    pub(super) context: Context,
    /// The driver was unbound: nothing will ever arrive any more.
    pub(crate) gone: bool,
}

/// Who wants the device to run.
struct Users {
    open: usize,
    trigger: Trigger,
    /// The driver is bound; afterwards the device is no longer ours to start and stop.
    bound: bool,
}

/// See the module's description.
#[pin_data]
pub(crate) struct Line {
    pub(crate) index: usize,
    pub(crate) device: Arc<hw::Device>,
    /// For its cursors; the ends are with those who use them.
    pub(crate) ring: Arc<Ring>,
    pub(crate) device_tally: Arc<Tally<{ hw::COUNTERS }>>,
    pub(crate) top_tally: Arc<Tally<{ top_half::COUNTERS }>>,
    /// How often the line had been raised when the counters were last zeroed.
    raised_before: Atomic<u64>,
    pub(crate) latency: Latency,
    /// Whether the kernel runs the interrupt handler in a thread. Changes once, before the first interrupt.
    is_threaded: Word,
    /// The interrupt handler's alone.
    pub(super) top: Exclusive<TopOwn>,
    /// The bottom half's alone.
    pub(super) bottom: Exclusive<BottomOwn>,
    #[pin]
    pub(crate) store: SpinLockIrq<Store>,
    /// Readers wait here for the fifo to fill.
    #[pin]
    pub(super) readable: PollCondVar,
    #[pin]
    pub(super) reader: Mutex<Reader>,
    /// What readers get; a [`Format`] as a number.
    format: Atomic<u32>,
    /// For how long a run of the bottom half keeps its CPU busy on purpose.
    work_us: Atomic<u64>,
    /// Whether the interrupt is disabled. Changes under [`crate::lines::LINES`].
    masked: Atomic<bool>,
    #[pin]
    users: Mutex<Users>,
    /// The bottom half, for queues of threads.
    #[pin]
    work: Work<Self, { work::THREAD }>,
    /// The bottom half, for queues of softirqs.
    #[pin]
    softirq_work: Work<Self, { work::SOFTIRQ }>,
    #[pin]
    pub(super) tasklet: Tasklet,
    /// The interrupt's thread was woken, and has not begun to run the bottom half yet.
    pub(super) thread_woken: Atomic<bool>,
    /// What the top half's route is of; none once the driver is unbound.
    #[pin]
    deferral: Mutex<Option<Deferral>>,
}

work::impl_works! {
    Line { thread: work, softirq: softirq_work, run: Line::run_bottom_half }
}

/// What a new line starts with.
pub(super) struct Config {
    pub(super) index: usize,
    pub(super) device: Arc<hw::Device>,
    pub(super) ring: Arc<Ring>,
    pub(super) top: TopEnd<Arc<Ring>>,
    pub(super) bottom: BottomEnd<Arc<Ring>>,
    pub(super) deferral: Deferral,
    pub(super) fifo: KVVec<Record>,
    pub(super) policy: Policy,
    pub(super) trigger: Trigger,
}

impl Line {
    pub(super) fn new(config: Config) -> Result<Arc<Self>> {
        let Config {
            index,
            device,
            ring,
            top,
            bottom,
            deferral,
            fifo,
            policy,
            trigger,
        } = config;
        let device_tally = Arc::new(Tally::new(), GFP_KERNEL)?;
        let top_tally = Arc::new(Tally::new(), GFP_KERNEL)?;
        let latency = Latency::new()?;
        let top = TopOwn::new(top, &deferral, top_tally.clone(), latency.due_irq.clone());
        let bottom = BottomOwn::new(bottom, &latency);
        let reader = Reader::new(latency.due_read.clone())?;
        Arc::pin_init(
            pin_init!(Self {
                index,
                device,
                ring,
                device_tally,
                top_tally,
                raised_before: Atomic::new(0),
                latency,
                is_threaded: Word::new(0),
                top: Exclusive::new(top),
                bottom: Exclusive::new(bottom),
                store <- new_spinlock_irq!(Store {
                    fifo: Fifo::new(fifo, policy),
                    bottom: BottomCounts::default(),
                    flavor: deferral.flavor(),
                    context: deferral.context(Context::Hardirq),
                    gone: false,
                }),
                readable <- new_poll_condvar!(),
                reader <- new_mutex!(reader),
                format: Atomic::new(Format::Char as u32),
                work_us: Atomic::new(0),
                masked: Atomic::new(false),
                users <- new_mutex!(Users {
                    open: 0,
                    trigger,
                    bound: true,
                }),
                work <- new_work!("simrupt::bottom_half"),
                softirq_work <- new_work!("simrupt::bottom_half_softirq"),
                // SAFETY: This is the field; `retire` flushes it.
                tasklet <- unsafe { Tasklet::new() },
                thread_woken: Atomic::new(false),
                deferral <- new_mutex!(Some(deferral)),
            }),
            GFP_KERNEL,
        )
    }

    fn update_users(&self, change: impl FnOnce(&mut Users)) {
        let mut users = self.users.lock();
        change(&mut users);
        if users.bound {
            self.device
                .set_running(users.open != 0 || matches!(users.trigger, Trigger::Always));
        }
    }

    /// Counts an open file, or the end of one; the device runs while there are any.
    pub(super) fn count_user(&self, opened: bool) {
        self.update_users(|users| {
            users.open = if opened {
                users.open.saturating_add(1)
            } else {
                users.open.saturating_sub(1)
            };
        });
    }

    /// Changes when the device runs. Called once for a new line, too.
    pub(crate) fn set_trigger(&self, trigger: Trigger) {
        self.update_users(|users| users.trigger = trigger);
    }

    /// Changes what a full fifo does.
    pub(crate) fn set_policy(&self, policy: Policy) {
        self.store.lock().fifo.set_policy(policy);
    }

    /// Changes what readers get, from the next record on.
    pub(crate) fn set_format(&self, format: Format) {
        self.format.store(format as u32, Relaxed);
    }

    /// What readers get.
    pub(super) fn format(&self) -> Format {
        Format::from_value(self.format.load(Relaxed).into())
    }

    /// Changes for how long a run of the bottom half keeps its CPU busy on purpose.
    pub(crate) fn set_work_us(&self, work_us: u64) {
        self.work_us.store(work_us, Relaxed);
    }

    /// For how long a run of the bottom half keeps its CPU busy on purpose.
    pub(super) fn work_us(&self) -> u64 {
        self.work_us.load(Relaxed)
    }

    /// Disables or enables the interrupt. What is raised meanwhile is delivered afterwards, once.
    pub(crate) fn set_masked(&self, masked: bool) {
        if self.masked.xchg(masked, Full) == masked {
            return;
        }
        let virq = self.device.virq();
        // SAFETY: The interrupt is ours while the driver is bound. Calls are in pairs: they follow
        // the changes of `masked`, and freeing the interrupt forgets an odd one.
        unsafe {
            if masked {
                bindings::disable_irq(virq);
            } else {
                bindings::enable_irq(virq);
            }
        }
    }

    /// In which context the top half runs.
    #[inline]
    pub(super) fn top_half(&self) -> Context {
        match self.is_threaded.load() {
            0 => Context::Hardirq,
            _ => Context::Task,
        }
    }

    /// Lets the interrupt come that was requested and is still disabled, and notes before where the kernel runs its
    /// handler.
    pub(super) fn enable_interrupt(&self) {
        let virq = self.device.virq();
        // SAFETY: The interrupt was requested with both, and is ours while the driver is bound.
        let is_threaded = unsafe { ffi::irq_is_threaded(virq) };
        self.is_threaded.store(is_threaded.into());
        if let Some(deferral) = &*self.deferral.lock() {
            self.take_route(deferral);
        }
        // SAFETY: As above. It was requested disabled.
        unsafe { bindings::enable_irq(virq) };
    }

    /// Has the bottom half run so from now on. The interrupt is disabled, and neither half is running.
    fn take_route(&self, deferral: &Deferral) {
        {
            let mut store = self.store.lock();
            store.flavor = deferral.flavor();
            store.context = deferral.context(self.top_half());
        }
        self.device.service_changes();
        // SAFETY: The interrupt is disabled and its handler is not running.
        unsafe { self.top.get() }.set_deferral(deferral, self.top_half());
    }

    /// Which flavor the bottom half runs on.
    pub(crate) fn flavor(&self) -> Flavor {
        self.store.lock().flavor
    }

    /// How many records the fifo holds at most.
    pub(crate) fn fifo_capacity(&self) -> usize {
        self.store.lock().fifo.capacity()
    }

    /// Waits until every run of the bottom half that was asked for has ended. Process context; the
    /// interrupt is disabled or gone, so that nobody asks for more.
    fn flush_bottom_half(&self) {
        self.flush_works();
        self.tasklet.flush();
    }

    /// Runs `change` while neither the top half nor the bottom half is running or about to. The device
    /// goes on; its events wait in the ring, and its raises for the interrupt to be enabled again.
    fn quiesce(&self, change: impl FnOnce()) {
        let virq = self.device.virq();
        // SAFETY: The interrupt is ours while the driver is bound. Waits for its handler and for its
        // thread.
        unsafe { bindings::disable_irq(virq) };
        self.flush_bottom_half();
        change();
        // SAFETY: In a pair with the above.
        unsafe { bindings::enable_irq(virq) };
    }

    /// Changes how the bottom half is run, and destroys the old queue.
    pub(crate) fn set_deferral(&self, deferral: Deferral) {
        let mut current = self.deferral.lock();
        self.quiesce(|| self.take_route(&deferral));
        *current = Some(deferral);
    }

    /// Calls `measure` with the workqueue that the bottom half runs on, and the context that it runs
    /// it in; none when it is not on one.
    pub(crate) fn with_queue<R>(&self, measure: impl FnOnce(Option<(&Queue, Context)>) -> R) -> R {
        let deferral = self.deferral.lock();
        measure(deferral.as_ref().and_then(Deferral::queue))
    }

    /// Gives the fifo the room of `slots`, and keeps what fits.
    pub(crate) fn set_fifo(&self, slots: KVVec<Record>) {
        self.quiesce(|| {
            let mut store = self.store.lock();
            if let Some((seq, events)) = store.fifo.surplus(slots.len()) {
                trace::drop(self.index, seq, events as u64, Cause::Flushed);
            }
            let mut moving = store.fifo.resize_begin(slots);
            drop(store);
            while !self.store.lock().fifo.resize_step(&mut moving, BATCH) {}
        });
        // Who came when all records were on their way is waiting for them.
        self.readable.notify_all();
    }

    /// How often the device raised its line since the counters were last zeroed, and how many raises
    /// there are beyond the `acknowledged` ones.
    pub(crate) fn raises(&self, acknowledged: u64) -> (u64, u64) {
        let raised = self.ring.raised();
        let before = self.raised_before.load(Relaxed);
        (
            raised.wrapping_sub(before),
            raised.wrapping_sub(acknowledged),
        )
    }

    /// Zeroes all counters and histograms together. What is under way begins the new books: events
    /// in the ring and in the fifo count as such, raises that wait for the top half as raised.
    ///
    /// All stages stand still meanwhile. Called under [`crate::lines::LINES`], as is whoever reads
    /// the counters.
    pub(crate) fn reset(&self) {
        self.quiesce(|| {
            self.device.reset_counts(|| {
                // Held until the fifo's counts are zero, too: a read counts in both books or in neither.
                let mut reader = self.reader.lock();
                reader.reset();
                // SAFETY: Neither of the two is running.
                unsafe {
                    self.top.get().reset();
                    self.bottom.get().reset();
                }
                self.raised_before.store(self.ring.acknowledged(), Relaxed);
                let mut store = self.store.lock();
                store.bottom = BottomCounts::default();
                store.fifo.reset_counts();
                let in_ring = self.ring.announced().wrapping_sub(self.ring.taken());
                in_ring.wrapping_add(store.fifo.queued() as u64)
            });
        });
    }

    /// The device is no longer ours: stops it, and sends the readers home.
    pub(super) fn disconnect(&self) {
        self.users.lock().bound = false;
        self.device.detach();
        self.store.lock().gone = true;
        self.readable.notify_all();
    }

    /// Ends the bottom half for good. After the interrupt handler is gone.
    pub(super) fn retire(&self) {
        self.flush_bottom_half();
        *self.deferral.lock() = None;
    }
}
