// SPDX-License-Identifier: GPL-2.0-only

//! read(2): copies records to user space, and loses none when the copy fails. Process context.
//!
//! A reader *claims* records: it moves them out of the fifo, under its lock. It copies them without
//! that lock, and marks those that arrived as *delivered*. Records that did not arrive stay
//! claimed, and the next reader gets them first.
//!
//! The memory may belong to a userfaultfd or to a file system in user space, which can delay an
//! access for ever. So a copy uses only memory that is present. For the rest, the reader drops its
//! locks, faults the memory in, and starts again.

use super::{
    bottom_half,
    line::Line,
    Observe,
    ObserveReads,
    Setup, //
};
use crate::{
    kext::{
        iov::{
            self,
            End, //
        },
        kvec,
        misc_device::Wait, //
    },
    logic::{
        abi::{
            character_of,
            RECORD_SIZE, //
        },
        fifo::{
            Claim,
            Gauge, //
        }, //
    },
};
use kernel::{
    iov::IovIterDest,
    prelude::*,
    sync::Arc,
    transmute::AsBytes, //
};

/// The number of records that are moved while the fifo's lock is held once. Taking a record out
/// costs half as much as putting one in.
const BATCH: usize = 2 * bottom_half::BATCH;

/// The number of batches that a reader copies before another reader gets its turn.
const BATCHES: usize = 16;

/// The form in which readers get an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The character of the event.
    Char,
    /// The whole record.
    Record,
}

impl Format {
    pub(super) fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Char,
            _ => Self::Record,
        }
    }

    /// The size of a record in this format, in bytes.
    fn size(self) -> usize {
        match self {
            Self::Char => 1,
            Self::Record => RECORD_SIZE,
        }
    }
}

/// Records on their way to a reader: the holder of its lock is the reader.
pub(crate) struct Reader<S: Setup> {
    pub(crate) claim: Claim,
    /// The characters of claimed records, for [`Format::Char`].
    characters: KVec<u8>,
    pub(crate) observer: <S::Observer as Observe>::Reads,
}

impl<S: Setup> Reader<S> {
    pub(super) fn new(
        gauge: Arc<Gauge>,
        observer: <S::Observer as Observe>::Reads,
    ) -> Result<Self> {
        Ok(Self {
            claim: Claim::new(kvec::zeroed(BATCH)?, gauge),
            characters: KVec::from_elem(0, BATCH, GFP_KERNEL)?,
            observer,
        })
    }

    /// Copies the oldest claimed records, at most `most`, to the memory that is present. Returns
    /// the number of records that arrived, and of bytes that did not.
    fn copy(&mut self, to: &mut IovIterDest<'_>, format: Format, most: usize) -> (usize, usize) {
        let records = self.claim.records(most);
        let (arrived, missing) = match format {
            Format::Record => {
                let bytes = AsBytes::as_bytes(records);
                let copied = iov::copy_present(to, bytes, RECORD_SIZE);
                match bytes.len().wrapping_sub(copied) {
                    0 => (records.len(), 0),
                    missing => (copied / RECORD_SIZE, missing),
                }
            }
            Format::Char => {
                for (character, record) in self.characters.iter_mut().zip(records) {
                    *character = character_of(record);
                }
                let bytes = self.characters.get(..records.len()).unwrap_or(&[]);
                let copied = iov::copy_present(to, bytes, 1);
                (copied, bytes.len().wrapping_sub(copied))
            }
        };
        self.observer
            .delivered(records.get(..arrived).unwrap_or(&[]));
        self.claim.deliver(arrived);
        (arrived, missing)
    }
}

impl<S: Setup> Line<S> {
    /// Reads as many whole records as are available and fit. Waits for the first one as far as
    /// `wait` allows. Returns the number of bytes read.
    ///
    /// # Errors
    ///
    /// `EINVAL` when one record does not fit; `EAGAIN` when it would have to wait and must not;
    /// `ENODEV` when the driver was unbound and all records were read; `EFAULT` when nothing could
    /// be copied; `ERESTARTSYS` on a signal.
    pub(super) fn read(&self, to: &mut IovIterDest<'_>, wait: Wait) -> Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        if to.len() < self.format().size() {
            return Err(EINVAL);
        }
        loop {
            self.wait(wait)?;
            let copied = self.deliver(to, wait)?;
            if copied != 0 {
                return Ok(copied);
            }
        }
    }

    /// The number of bytes that a read would return now.
    pub(super) fn readable_bytes(&self) -> usize {
        let readable = self.store.lock().fifo.readable();
        let readable = usize::try_from(readable).unwrap_or(usize::MAX);
        readable.saturating_mul(self.format().size())
    }

    /// Waits until there is a record to read.
    fn wait(&self, wait: Wait) -> Result {
        while !self.gauge.is_readable() {
            if self.is_gone() {
                return Err(ENODEV);
            }
            if wait != Wait::Forever {
                return Err(EAGAIN);
            }
            self.readers
                .wait_interruptible(|| self.gauge.is_readable() || self.is_gone())?;
        }
        Ok(())
    }

    /// Copies the available records. The format is read once, so one read never mixes formats.
    fn deliver(&self, to: &mut IovIterDest<'_>, wait: Wait) -> Result<usize> {
        let format = self.format();
        if to.len() < format.size() {
            return Err(EINVAL);
        }
        iov::deliver(to, format.size(), wait, |to, most| {
            self.deliver_present(to, format, most, wait)
        })
    }

    /// Copies available records to memory that is present: at most `most` records, and no longer
    /// than the reader's turn. Returns the number of records delivered, and why it ended.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when another reader is active and this one must not wait.
    fn deliver_present(
        &self,
        to: &mut IovIterDest<'_>,
        format: Format,
        most: usize,
        wait: Wait,
    ) -> Result<(usize, End)> {
        let mut reader = match wait {
            Wait::Never => self.reader.try_lock().ok_or(EAGAIN)?,
            Wait::NotForData | Wait::Forever => self.reader.lock(),
        };
        // The number of records that still fit.
        let mut room = (to.len() / format.size()).min(most);
        let mut total = 0_usize;
        for _ in 0..BATCHES {
            let mut is_all = false;
            // Records that an earlier reader could not deliver come first.
            if reader.claim.is_empty() {
                let mut store = self.store.lock();
                is_all = !store.fifo.claim(&mut reader.claim, room);
            }
            let (arrived, missing) = reader.copy(to, format, room);
            total = total.wrapping_add(arrived);
            room = room.wrapping_sub(arrived);
            if missing != 0 {
                return Ok((total, End::Absent(missing)));
            }
            if is_all || arrived == 0 {
                return Ok((total, End::Nothing));
            }
            if room == 0 {
                break;
            }
        }
        Ok((total, End::More))
    }
}
