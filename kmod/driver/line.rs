// SPDX-License-Identifier: GPL-2.0-only

//! A line: the state that top half, bottom half and readers share while the driver is bound.
//!
//! # Lock order
//!
//! From the outside in: a lock is taken only while holding locks above it in this list.
//!
//! 1. the misc core's lock, held around open and around the registration and deregistration of a
//!    char device
//! 2. [`Line::users`]: the users that want the device to run
//! 3. the device's own locks, below [`Registers`]
//! 4. [`Line::reader`]: admits one reader at a time; held for a bounded copy to memory that is
//!    present, never while waiting for records or for memory
//! 5. [`Line::store`]: a spinlock with interrupts off, held for one batch of records at most
//!
//! The top half takes none of them.

use super::{
    bottom_half::BATCH,
    reader::{
        Format,
        Reader, //
    },
    Observe,
    ObserveBottomHalf,
    Registers,
    Setup, //
};
use crate::{
    kext::{
        spinlock::{
            new_spinlock_irq,
            SpinLockIrq, //
        },
        wait::Runs,
        wait_queue::{
            new_wait_queue,
            WaitQueue, //
        }, //
    },
    logic::{
        fifo::{
            self,
            Fifo,
            Gauge,
            Lost, //
        },
        knobs::Policy,
        mask::Mask,
        platform::Word, //
    },
};
use core::num::NonZeroUsize;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc,
        Mutex, //
    }, //
};

/// Everything that the fifo's lock guards.
pub(crate) struct Store<S: Setup> {
    pub(crate) fifo: Fifo,
    /// The observer's counters that must be consistent with those of the fifo.
    pub(crate) counts: <<S::Observer as Observe>::BottomHalf as ObserveBottomHalf>::Counts,
}

/// The users that want the device to run.
struct Users {
    /// Open files, and other users.
    count: usize,
    /// Whether the driver is bound. If not, it must not start or stop the device any more.
    bound: bool,
}

/// See the module's description.
#[pin_data]
pub(crate) struct Line<S: Setup> {
    pub(super) registers: Arc<S::Registers>,
    #[pin]
    pub(crate) store: SpinLockIrq<Store<S>>,
    /// Tells, without the lock, whether the fifo has records for readers.
    pub(super) gauge: Arc<Gauge>,
    /// Readers wait here for records, or until the driver is unbound.
    #[pin]
    pub(super) readers: WaitQueue,
    /// The driver was unbound, so no more records arrive.
    is_gone: Atomic<bool>,
    #[pin]
    pub(super) reader: Mutex<Reader<S>>,
    /// The [`Format`] that readers get, as a number.
    format: Word,
    #[pin]
    users: Mutex<Users>,
    /// The runs of the bottom half that the top half has asked for.
    #[pin]
    pub(super) runs: Runs,
    /// The largest number of events in a run of a polling bottom half; 0: it does not poll. Changed
    /// while the bottom half is held off.
    poll_budget: Word,
    /// A change waits to hold the line off: a bottom half that polls must end.
    pub(super) is_to_end: Atomic<bool>,
}

impl<S: Setup> Line<S> {
    pub(super) fn new(
        registers: Arc<S::Registers>,
        slots: KVVec<fifo::Slot>,
        policy: Policy,
        reads: <S::Observer as Observe>::Reads,
    ) -> Result<Arc<Self>> {
        let gauge = Arc::new(Gauge::new(), GFP_KERNEL)?;
        let fifo = Fifo::new(slots, gauge.clone(), policy);
        let reader = Reader::new(gauge.clone(), reads)?;
        Arc::pin_init(
            pin_init!(Self {
                registers,
                store <- new_spinlock_irq!(Store {
                    fifo,
                    counts: Default::default(),
                }),
                gauge,
                readers <- new_wait_queue!(),
                is_gone: Atomic::new(false),
                reader <- new_mutex!(reader),
                format: Word::new(Format::Char as u64),
                users <- new_mutex!(Users {
                    count: 0,
                    bound: true,
                }),
                runs <- Runs::new(),
                poll_budget: Word::new(0),
                is_to_end: Atomic::new(false),
            }),
            GFP_KERNEL,
        )
    }

    /// Adds a user that wants the device to run, or removes one. The device runs while there are
    /// any.
    pub(crate) fn count_user(&self, wants: bool) {
        let mut users = self.users.lock();
        users.count = if wants {
            users.count.saturating_add(1)
        } else {
            users.count.saturating_sub(1)
        };
        if users.bound {
            self.registers.set_running(users.count != 0);
        }
    }

    /// Changes the policy of a full fifo.
    pub(crate) fn set_policy(&self, policy: Policy) {
        self.store.lock().fifo.set_policy(policy);
    }

    /// Changes the format of later reads.
    pub(crate) fn set_format(&self, format: Format) {
        self.format.store(format as u64);
    }

    /// The format that readers get.
    pub(super) fn format(&self) -> Format {
        Format::from_number(self.format.load())
    }

    /// The budget of a bottom half that polls, in events per run, and the mask register of the
    /// device. `None` when it does not poll.
    #[inline]
    pub(super) fn polling(&self) -> Option<(NonZeroUsize, &Mask)> {
        let mask = self.registers.mask()?;
        let budget = NonZeroUsize::new(self.poll_budget.load() as usize)?;
        Some((budget, mask))
    }

    /// Changes the poll budget of the bottom half; `None` ends polling. Top half and bottom half
    /// must be held off.
    pub(crate) fn set_poll_budget(&self, budget: Option<NonZeroUsize>) {
        self.poll_budget
            .store(budget.map_or(0, |budget| budget.get() as u64));
    }

    /// Calls `function` with the reader and the store, while no read is in progress.
    pub(crate) fn with_reads<R>(
        &self,
        function: impl FnOnce(&mut Reader<S>, &mut Store<S>) -> R,
    ) -> R {
        let mut reader = self.reader.lock();
        let mut store = self.store.lock();
        function(&mut reader, &mut store)
    }

    /// Wakes all readers, which then check whether there is something to read.
    pub(crate) fn wake_readers(&self) {
        self.readers.wake_all();
    }

    /// Whether the driver was unbound, so that no more records arrive.
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Acquire)
    }

    /// The capacity of the fifo, in records.
    pub(crate) fn fifo_capacity(&self) -> usize {
        self.store.lock().fifo.capacity()
    }

    /// Gives the fifo the memory of `slots`, and keeps the records that fit. Calls `lost` if some
    /// do not. The bottom half must be held off.
    pub(super) fn set_fifo(&self, slots: KVVec<fifo::Slot>, lost: impl FnOnce(Lost)) {
        let mut store = self.store.lock();
        if let Some(surplus) = store.fifo.surplus(slots.len()) {
            lost(surplus);
        }
        let mut moving = store.fifo.resize_begin(slots);
        drop(store);
        while !self.store.lock().fifo.resize_step(&mut moving, BATCH) {}
        // All records are readable again, so readers must check again.
        self.readers.wake_all();
    }

    /// Stops the device for good, and wakes the readers.
    pub(super) fn disconnect(&self) {
        self.users.lock().bound = false;
        self.registers.detach();
        self.is_gone.store(true, Release);
        self.readers.wake_all();
    }
}
