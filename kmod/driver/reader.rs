// SPDX-License-Identifier: GPL-2.0-only

//! What read(2) does: hands records to user space, and loses none when the copy fails. Process
//! context.

use super::{
    bottom_half::BATCH,
    line::Line, //
};
use crate::{
    clock,
    logic::{
        abi::{
            Record,
            RECORD_SIZE, //
        },
        histogram::{
            Histogram,
            Recorder, //
        },
        knobs::Format,
    },
};
use kernel::{
    iov::IovIterDest,
    prelude::*,
    sync::Arc, //
};

/// Records on their way to a reader; whoever holds its lock is the one who reads.
///
/// Records that a faulting copy did not deliver stay here, and are the first that the next reader
/// gets.
pub(super) struct Reader {
    claimed: KVec<Record>,
    first: usize,
    len: usize,
    /// The records as user space gets to see them.
    bytes: KVec<u8>,
    due_read: Recorder<Arc<Histogram>>,
}

impl Reader {
    pub(super) fn new(due_read: Arc<Histogram>) -> Result<Self> {
        Ok(Self {
            claimed: KVec::from_elem(Record::default(), BATCH, GFP_KERNEL)?,
            first: 0,
            len: 0,
            bytes: KVec::with_capacity(BATCH * RECORD_SIZE, GFP_KERNEL)?,
            due_read: Recorder::new(due_read),
        })
    }

    /// Begins all measuring anew.
    pub(super) fn reset(&mut self) {
        self.due_read.reset();
    }

    /// Writes up to `most` of the claimed records to `bytes`.
    fn encode(&mut self, format: Format, most: usize) -> Result {
        self.bytes.clear();
        let end = self.first.wrapping_add(self.len.min(most));
        for record in self.claimed.get(self.first..end).unwrap_or(&[]) {
            // There is room: these do not allocate.
            match format {
                Format::Char => self.bytes.push(record.value, GFP_KERNEL)?,
                Format::Record => self
                    .bytes
                    .extend_from_slice(&record.to_bytes(), GFP_KERNEL)?,
            }
        }
        Ok(())
    }

    /// Forgets the first `delivered` of the claimed records, which have just reached their reader.
    fn forget(&mut self, delivered: usize) {
        let now_ns = clock::now_ns();
        let cpu = clock::cpu();
        let end = self.first.wrapping_add(delivered);
        for record in self.claimed.get(self.first..end).unwrap_or(&[]) {
            let due_read_ns = now_ns.saturating_sub(record.due_ns);
            self.due_read.record(due_read_ns, now_ns, cpu);
        }
        self.first = self.first.wrapping_add(delivered);
        self.len = self.len.saturating_sub(delivered);
    }
}

/// How many bytes a record is in a format.
fn size(format: Format) -> usize {
    match format {
        Format::Char => 1,
        Format::Record => RECORD_SIZE,
    }
}

impl Line {
    /// Reads as many whole records as there are and as fit, waiting for the first one unless
    /// `nonblock`. Returns how many bytes were read.
    ///
    /// # Errors
    ///
    /// `EINVAL` when not even one record fits; `EAGAIN` when there is nothing and `nonblock`;
    /// `ENODEV` when the driver was unbound and everything was read; `EFAULT` when nothing could be
    /// copied; `ERESTARTSYS` on a signal.
    pub(super) fn read(&self, to: &mut IovIterDest<'_>, nonblock: bool) -> Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        loop {
            let copied = self.deliver(to)?;
            if copied != 0 {
                return Ok(copied);
            }
            self.wait(nonblock)?;
        }
    }

    /// How many bytes a read would return now.
    pub(super) fn readable_bytes(&self) -> usize {
        let queued = self.store.lock().fifo.queued();
        queued.saturating_mul(size(self.format()))
    }

    /// Waits until there is something to read.
    fn wait(&self, nonblock: bool) -> Result {
        let mut store = self.store.lock();
        while store.fifo.queued() == 0 {
            if store.gone {
                return Err(ENODEV);
            }
            if nonblock {
                return Err(EAGAIN);
            }
            if self.readable.wait_interruptible(&mut store) {
                return Err(ERESTARTSYS);
            }
        }
        Ok(())
    }

    /// Copies out what there is, batch by batch, without ever waiting for more. The format is that
    /// of the moment when this begins: no read mixes two.
    fn deliver(&self, to: &mut IovIterDest<'_>) -> Result<usize> {
        let mut reader = self.reader.lock();
        let reader = &mut *reader;
        let format = self.format();
        let size = size(format);
        let mut total = 0_usize;
        if to.len() < size {
            return Err(EINVAL);
        }
        loop {
            let room = (to.len() / size).min(BATCH);
            if reader.len == 0 {
                reader.first = 0;
                let places = reader.claimed.get_mut(..room).unwrap_or(&mut []);
                reader.len = self.store.lock().fifo.claim(places);
            }
            reader.encode(format, room)?;
            if reader.bytes.is_empty() {
                return Ok(total);
            }
            // A record of which only a part arrived was not delivered.
            let delivered = to.copy_to_iter(&reader.bytes) / size;
            let faulted = delivered.wrapping_mul(size) < reader.bytes.len();
            self.store.lock().fifo.settle(delivered);
            reader.forget(delivered);
            total = total.wrapping_add(delivered.wrapping_mul(size));
            if faulted {
                return if total == 0 { Err(EFAULT) } else { Ok(total) };
            }
        }
    }
}
