// SPDX-License-Identifier: GPL-2.0-only

//! The top half: the interrupt handler. In hardirq: no lock, no allocation, no waiting.
//!
//! PREEMPT_RT runs it in a thread of the interrupt, and so does a kernel that was started with `threadirqs`. It keeps
//! to the same rules there.

use super::{
    deferral::{
        Deferral,
        Route, //
    },
    line::Line, //
};
use crate::{
    clock,
    compat::ThreadedHandler,
    contexts,
    ffi::{
        self,
        Context, //
    },
    logic::{
        histogram::{
            Histogram,
            Recorder, //
        },
        knobs::Flavor,
        ring::{
            Ring,
            TopEnd, //
        },
        tally::{
            Tally,
            Update,
            Writer, //
        },
    },
    trace::{
        self,
        Span, //
    },
    work,
};
use kernel::{
    irq::{
        IrqReturn,
        ThreadedIrqReturn, //
    },
    sync::{
        atomic::Full,
        Arc, //
    },
    workqueue::Queue, //
};

/// The top half's counters, as indices of its tally.
pub(crate) struct Counter;

impl Counter {
    /// Calls that found the device's line raised.
    pub(crate) const HANDLED: usize = 0;
    /// Raises that an earlier raise's call took care of.
    pub(crate) const COALESCED: usize = 1;
    /// Calls that found nothing raised.
    pub(crate) const SPURIOUS: usize = 2;
    /// Calls that asked for a run of the bottom half.
    pub(crate) const SCHEDULED: usize = 3;
    /// Calls that found one asked for.
    pub(crate) const ALREADY_PENDING: usize = 4;
}

/// Index of the first of the top half's context counters.
pub(crate) const CONTEXTS: usize = 5;

/// How many counters the top half has.
pub(crate) const COUNTERS: usize = CONTEXTS + contexts::COUNTERS;

/// What the handler alone touches.
pub(super) struct TopOwn {
    ring: TopEnd<Arc<Ring>>,
    route: Route,
    flavor: Flavor,
    tally: Writer<Arc<Tally<COUNTERS>>, COUNTERS>,
    due_irq: Recorder<Arc<Histogram>>,
}

impl TopOwn {
    pub(super) fn new(
        ring: TopEnd<Arc<Ring>>,
        deferral: &Deferral,
        tally: Arc<Tally<COUNTERS>>,
        due_irq: Arc<Histogram>,
    ) -> Self {
        Self {
            ring,
            route: deferral.route(Context::Hardirq),
            flavor: deferral.flavor(),
            tally: Writer::new(tally),
            due_irq: Recorder::new(due_irq),
        }
    }

    /// Changes how the bottom half is run by a top half that runs in this context.
    pub(super) fn set_deferral(&mut self, deferral: &Deferral, top_half: Context) {
        self.route = deferral.route(top_half);
        self.flavor = deferral.flavor();
    }

    /// Begins all counting anew.
    pub(super) fn reset(&mut self) {
        self.tally.reset(|_| ());
        self.due_irq.reset();
    }
}

/// The interrupt handler of a line.
pub(super) struct TopHalf(pub(super) Arc<Line>);

impl ThreadedHandler for TopHalf {
    fn handle(&self) -> ThreadedIrqReturn {
        match self.0.top_half() {
            Context::Hardirq => self.acknowledge::<false>(),
            Context::Softirq | Context::Task => self.handle_in_thread(),
        }
    }

    /// Runs in the interrupt's thread when [`Self::handle`] has woken it.
    fn handle_threaded(&self) -> IrqReturn {
        self.0.thread_woken.xchg(false, Full);
        match self.0.top_half() {
            Context::Hardirq => self.0.run_bottom_half(),
            Context::Softirq | Context::Task => self.measured(|| self.0.run_bottom_half()),
        }
        IrqReturn::Handled
    }
}

impl TopHalf {
    /// The same where the kernel has the handler run in a thread.
    #[inline(never)]
    fn handle_in_thread(&self) -> ThreadedIrqReturn {
        self.measured(|| self.acknowledge::<true>())
    }

    /// Calls `function`. Where the top half is a thread, what the interrupt's threads take of a CPU is measured as an
    /// interrupt's time is: they go before all ordinary threads, and, with PREEMPT_RT, before the kernel's own.
    fn measured<R>(&self, function: impl FnOnce() -> R) -> R {
        let span = self.0.device.service_begins(clock::now_ns());
        let result = function();
        self.0.device.service_ends(&span);
        result
    }

    /// Takes notice of what the device has raised its line for. The kind of context is known when this is compiled:
    /// in hardirq, every instruction counts.
    #[inline]
    fn acknowledge<const IN_THREAD: bool>(&self) -> ThreadedIrqReturn {
        let context = ffi::context();
        let line = &self.0;
        let right = if IN_THREAD {
            Context::Task
        } else {
            Context::Hardirq
        };
        // SAFETY: genirq never runs the handlers of an interrupt concurrently with themselves.
        let TopOwn {
            ring,
            route,
            flavor,
            tally,
            due_irq,
        } = unsafe { line.top.get() };
        let update = |tally: &mut Update<'_, COUNTERS>| {
            // First looked, then stamped: the device may emit on another CPU meanwhile. From the stamp to
            // the handing over only what must be: the rest comes afterwards.
            ring.look();
            let irq_ns = clock::now_ns();
            let irq_cpu = clock::cpu();
            let ends = trace::irq_enabled().then(|| ring.span()).flatten();
            let mut due_irq = due_irq.batch(irq_ns, irq_cpu);
            let found = ring.acknowledge(irq_ns, irq_cpu, |due_ns| {
                due_irq.record(irq_ns.saturating_sub(due_ns));
            });
            trace::irq(
                line.index,
                Span::new(ends, found.events),
                found.raises,
                irq_ns,
            );
            // Before, for it may run on another CPU at once.
            let asked_ns = trace::bh_queue_enabled().then(clock::now_ns);
            // An edge that arrives while the handler runs calls it again; by then the first call may
            // have seen to both. An edge left over from before the driver was bound looks the same.
            let (is_new, outcome) = match (found.raises, *route) {
                (0, _) => (false, ThreadedIrqReturn::None),
                (_, Route::Queue(queue, context)) => {
                    // SAFETY: The route is changed before its queue goes, and not while this runs.
                    let queue = unsafe { Queue::from_raw(queue.as_ptr()) };
                    let is_new = work::enqueue(queue, context, line.clone());
                    (is_new, ThreadedIrqReturn::Handled)
                }
                (_, Route::Tasklet) => (line.tasklet.schedule(), ThreadedIrqReturn::Handled),
                // A thread that was woken and has not begun yet will see to this, too. To genirq, an interrupt whose
                // thread has not returned since the last one is unhandled, and 99,900 of 100,000 are its end.
                (_, Route::Thread) => match line.thread_woken.xchg(true, Full) {
                    false => (true, ThreadedIrqReturn::WakeThread),
                    true => (false, ThreadedIrqReturn::Handled),
                },
                (_, Route::Direct) => (true, ThreadedIrqReturn::Handled),
            };
            if let (Some(asked_ns), 1..) = (asked_ns, found.raises) {
                trace::bh_queue(line.index, flavor.name(), is_new, asked_ns);
            }
            contexts::count(context, right, |index| {
                tally.add(CONTEXTS + index, 1);
            });
            match found.raises.checked_sub(1) {
                None => tally.add(Counter::SPURIOUS, 1),
                Some(coalesced) => {
                    tally.add(Counter::HANDLED, 1);
                    tally.add(Counter::COALESCED, coalesced);
                    let counter = if is_new {
                        Counter::SCHEDULED
                    } else {
                        Counter::ALREADY_PENDING
                    };
                    tally.add(counter, 1);
                }
            }
            outcome
        };
        // Others wait for its end in a loop. In a hardirq nobody on the same CPU can; a thread must not be preempted
        // meanwhile, or one with a higher priority would wait for ever.
        let outcome = if IN_THREAD {
            ffi::without_preemption(|| tally.update(update))
        } else {
            tally.update(update)
        };
        if let (Route::Direct, ThreadedIrqReturn::Handled) = (*route, &outcome) {
            line.run_bottom_half();
        }
        outcome
    }
}
