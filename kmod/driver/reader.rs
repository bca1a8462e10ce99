// SPDX-License-Identifier: GPL-2.0-only

//! What read(2) does: hands records to user space, and loses none when the copy fails. Process
//! context.

use super::{
    bottom_half::BATCH,
    line::Line, //
};
use crate::logic::abi::Record;
use kernel::{
    iov::IovIterDest,
    prelude::*, //
};

/// Records on their way to a reader; whoever holds its lock is the one who reads.
///
/// Records that a faulting copy did not deliver stay here, and are the first that the next reader
/// gets.
pub(super) struct Reader {
    claimed: KVec<Record>,
    first: usize,
    len: usize,
}

impl Reader {
    pub(super) fn new() -> Result<Self> {
        let claimed = KVec::from_elem(Record::default(), BATCH, GFP_KERNEL)?;
        Ok(Self {
            claimed,
            first: 0,
            len: 0,
        })
    }
}

/// Appends to `bytes` what user space gets to see of `records`; all formats have a fixed size.
fn encode(records: &[Record], bytes: &mut [u8; BATCH]) -> usize {
    for (byte, record) in bytes.iter_mut().zip(records) {
        *byte = record.value;
    }
    records.len().min(bytes.len())
}

impl Line {
    /// Reads as many records as there are and as fit, waiting for the first one unless `nonblock`.
    /// Returns how many bytes were read.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is nothing and `nonblock`; `ENODEV` when the driver was unbound and
    /// everything was read; `EFAULT` when nothing could be copied; `ERESTARTSYS` on a signal.
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

    /// Copies out what there is, batch by batch, without ever waiting for more.
    fn deliver(&self, to: &mut IovIterDest<'_>) -> Result<usize> {
        let mut reader = self.reader.lock();
        let reader = &mut *reader;
        let mut total = 0_usize;
        while !to.is_empty() {
            if reader.len == 0 {
                let room = to.len().min(BATCH);
                let Some(places) = reader.claimed.get_mut(..room) else {
                    break;
                };
                reader.first = 0;
                reader.len = self.store.lock().fifo.claim(places);
            }
            let end = reader.first.wrapping_add(reader.len);
            let Some(records) = reader.claimed.get(reader.first..end) else {
                break;
            };
            let mut bytes = [0; BATCH];
            let len = encode(records, &mut bytes);
            let Some(bytes) = bytes.get(..len) else { break };
            if bytes.is_empty() {
                break;
            }
            let copied = to.copy_to_iter(bytes);
            self.store.lock().fifo.settle(copied);
            reader.first = reader.first.wrapping_add(copied);
            reader.len = reader.len.wrapping_sub(copied);
            total = total.wrapping_add(copied);
            if copied < bytes.len() && !to.is_empty() {
                // The copy faulted.
                return if total == 0 { Err(EFAULT) } else { Ok(total) };
            }
        }
        Ok(total)
    }
}
