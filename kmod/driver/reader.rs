// SPDX-License-Identifier: GPL-2.0-only

//! What read(2) does: hands records to user space, and loses none when the copy fails. Process
//! context.

use super::{
    bottom_half,
    line::Line, //
};
use crate::{
    clock, ffi,
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
    trace::{
        self,
        Span, //
    },
};
use core::mem;
use kernel::{
    bindings,
    iov::IovIterDest,
    prelude::*,
    sync::Arc,
    transmute::AsBytes, //
};

/// How many records one hold of the fifo's lock moves. To take one out is half of the work that it
/// is to put one in.
const BATCH: usize = 2 * bottom_half::BATCH;

/// How many batches a reader copies before it is another one's turn.
const BATCHES: usize = 16;

/// How often a copy in a row may deliver nothing to memory that the kernel has just made present. Once, the memory may
/// have been taken away again in between. But there is memory that no copy can be made to though it is present: with
/// another tag than the pointer's, or for a shadow stack.
const FAILURES: u32 = 2;

/// For what a read may wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MayWait {
    /// For records, for other readers, and for memory.
    ForAll,
    /// For other readers and for memory: `O_NONBLOCK`.
    NotForRecords,
    /// Not even for those: `RWF_NOWAIT`, and what io_uring does itself instead of having a thread of its do it.
    ForNothing,
}

/// Why no more is delivered for now.
enum End {
    /// There is nothing more to read, or no more room for it.
    Nothing,
    /// It is another reader's turn.
    Turn,
    /// Another reader is at work.
    Busy,
    /// So many bytes of memory must be made present first.
    Fault(usize),
}

// SAFETY: The fields of a record leave no gap, so all its bytes are initialized.
unsafe impl AsBytes for Record {}

/// Records on their way to a reader; whoever holds its lock is the one who reads.
///
/// Records that a copy did not deliver, for memory that was not there, stay here, and are the first that the next reader
/// gets.
pub(super) struct Reader {
    claimed: KVec<Record>,
    first: usize,
    len: usize,
    /// Their characters, for readers who want no more.
    characters: KVec<u8>,
    due_read: Recorder<Arc<Histogram>>,
}

impl Reader {
    pub(super) fn new(due_read: Arc<Histogram>) -> Result<Self> {
        Ok(Self {
            claimed: KVec::from_elem(Record::default(), BATCH, GFP_KERNEL)?,
            first: 0,
            len: 0,
            characters: KVec::from_elem(0, BATCH, GFP_KERNEL)?,
            due_read: Recorder::new(due_read),
        })
    }

    /// Begins all measuring anew.
    pub(super) fn reset(&mut self) {
        self.due_read.reset();
    }

    /// Up to `most` of the claimed records, as user space gets to see them.
    fn bytes(&mut self, format: Format, most: usize) -> &[u8] {
        let count = self.len.min(most);
        let end = self.first.wrapping_add(count);
        let records = self.claimed.get(self.first..end).unwrap_or(&[]);
        match format {
            Format::Record => records.as_bytes(),
            Format::Char => {
                for (character, record) in self.characters.iter_mut().zip(records) {
                    *character = record.value;
                }
                self.characters.get(..count).unwrap_or(&[])
            }
        }
    }

    /// Forgets the first `delivered` of the claimed records, which have just reached their reader on `line`.
    fn forget(&mut self, line: usize, delivered: usize) {
        let now_ns = clock::now_ns();
        let mut due_read = self.due_read.batch(now_ns, clock::cpu());
        let end = self.first.wrapping_add(delivered);
        let records = self.claimed.get(self.first..end).unwrap_or(&[]);
        if let (true, [first, ..], [.., last]) = (trace::read_enabled(), records, records) {
            let span = Span::new(Some((first.seq, last.seq)), delivered as u64);
            trace::read(line, span, first.due_ns, now_ns);
        }
        for record in records {
            due_read.record_near(now_ns.saturating_sub(record.due_ns));
        }
        self.first = end;
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
    /// Reads as many whole records as there are and as fit, waiting for the first one if it may. Returns
    /// how many bytes were read.
    ///
    /// # Errors
    ///
    /// `EINVAL` when not even one record fits; `EAGAIN` when nothing can be had without a wait that it may not do;
    /// `ENODEV` when the driver was unbound and everything was read; `EFAULT` when nothing could be
    /// copied; `ERESTARTSYS` on a signal.
    pub(super) fn read(&self, to: &mut IovIterDest<'_>, may_wait: MayWait) -> Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        loop {
            let copied = self.deliver(to, may_wait)?;
            if copied != 0 {
                return Ok(copied);
            }
            self.wait(may_wait)?;
        }
    }

    /// How many bytes a read would return now.
    pub(super) fn readable_bytes(&self) -> usize {
        let readable = self.store.lock().fifo.readable();
        readable.saturating_mul(size(self.format()))
    }

    /// Waits until there is something to read.
    fn wait(&self, may_wait: MayWait) -> Result {
        let mut store = self.store.lock();
        while store.fifo.readable() == 0 {
            if store.gone {
                return Err(ENODEV);
            }
            if may_wait != MayWait::ForAll {
                return Err(EAGAIN);
            }
            if self.readable.wait_interruptible(&mut store) {
                return Err(ERESTARTSYS);
            }
        }
        Ok(())
    }

    /// Copies out what there is, without ever waiting for more. The format is that of the moment when
    /// this begins: no read mixes two.
    ///
    /// The memory that is copied to may belong to somebody who keeps us waiting for it (userfaultfd, a
    /// file system in user space). Nothing is held while we wait.
    fn deliver(&self, to: &mut IovIterDest<'_>, may_wait: MayWait) -> Result<usize> {
        let format = self.format();
        let size = size(format);
        let mut total = 0_usize;
        let mut most = usize::MAX;
        // How often in a row nothing was delivered to memory that was made present before.
        let mut failures = 0_u32;
        if to.len() < size {
            return Err(EINVAL);
        }
        loop {
            let given = mem::replace(&mut most, usize::MAX);
            let (delivered, end) = self.deliver_at_once(to, format, given, may_wait);
            total = total.wrapping_add(delivered.wrapping_mul(size));
            let error = match end {
                End::Nothing => return Ok(total),
                End::Turn => continue,
                End::Busy => EAGAIN,
                End::Fault(_) if may_wait == MayWait::ForNothing => EAGAIN,
                End::Fault(_) if current!().signal_pending() => ERESTARTSYS,
                End::Fault(bytes) => {
                    failures = match (delivered, given) {
                        (0, usize::MAX) => failures,
                        (0, _) => failures.saturating_add(1),
                        _ => 0,
                    };
                    // A copy that meets absent memory may stop some bytes before it, so the next one does
                    // not go that far.
                    match make_present(to, bytes) / size {
                        0 => EFAULT,
                        _ if failures == FAILURES => EFAULT,
                        present => {
                            most = present;
                            continue;
                        }
                    }
                }
            };
            return if total == 0 { Err(error) } else { Ok(total) };
        }
    }

    /// Copies out what there is and what memory is present for, but no more than `most` records and for no
    /// longer than its turn. Returns how many records it delivered, and why not more.
    fn deliver_at_once(
        &self,
        to: &mut IovIterDest<'_>,
        format: Format,
        most: usize,
        may_wait: MayWait,
    ) -> (usize, End) {
        let size = size(format);
        let reader = match may_wait {
            MayWait::ForAll | MayWait::NotForRecords => Some(self.reader.lock()),
            MayWait::ForNothing => self.reader.try_lock(),
        };
        let Some(mut reader) = reader else {
            return (0, End::Busy);
        };
        let reader = &mut *reader;
        let mut total = 0_usize;
        let mut delivered = 0_usize;
        let mut end = End::Turn;
        for _ in 0..BATCHES {
            if total == most {
                break;
            }
            let room = (to.len() / size).min(BATCH).min(most.saturating_sub(total));
            {
                let mut store = self.store.lock();
                store.fifo.settle(delivered);
                delivered = 0;
                if reader.len == 0 {
                    let places = reader.claimed.get_mut(..room).unwrap_or(&mut []);
                    reader.len = store.fifo.claim(places);
                    reader.first = 0;
                }
            }
            let bytes = reader.bytes(format, room);
            if bytes.is_empty() {
                end = End::Nothing;
                break;
            }
            let wanted = bytes.len();
            let copied = ffi::without_page_faults(|| to.copy_to_iter(bytes));
            // A record of which only a part arrived was not delivered.
            delivered = copied / size;
            // SAFETY: At most what was just copied.
            unsafe { to.revert(copied % size) };
            reader.forget(self.index, delivered);
            total = total.wrapping_add(delivered);
            if copied < wanted {
                end = End::Fault(wanted.saturating_sub(delivered.wrapping_mul(size)));
                break;
            }
        }
        if delivered != 0 {
            self.store.lock().fifo.settle(delivered);
        }
        (total, end)
    }
}

/// Makes the next `bytes` of the memory that is copied to present, which may take as long as its owner
/// likes; returns of how many that worked.
fn make_present(to: &mut IovIterDest<'_>, bytes: usize) -> usize {
    // SAFETY: The iterator is valid, and is not changed.
    let absent = unsafe { bindings::fault_in_iov_iter_writeable(to.as_raw(), bytes) };
    bytes.saturating_sub(absent)
}
