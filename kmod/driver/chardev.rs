// SPDX-License-Identifier: GPL-2.0-only

//! The character device /dev/simruptN: the C side of open, read, poll and release. Process context.
//!
//! A raw `miscdevice`, because the kernel crate's has no poll. The module's reference count is the
//! file operations' owner's business: while a file is open, the module cannot be unloaded. The
//! driver can be unbound, though, so a file holds its line by reference count, not by borrow.

use super::{
    line::Line,
    reader::MayWait, //
};
use crate::{
    compat,
    door,
    ffi::{
        self,
        CTable, //
    },
    lines, //
};
use core::{
    marker::PhantomPinned,
    mem::offset_of, //
};
use kernel::{
    bindings,
    error::to_result,
    fs::{
        file::flags::O_NONBLOCK,
        File, //
    },
    iov::IovIterDest,
    prelude::*,
    sync::{
        poll::PollTable,
        Arc,
        ArcBorrow, //
    },
    types::{
        ForeignOwnable,
        Opaque, //
    },
    uaccess::{
        UserPtr,
        UserSlice, //
    },
};

static FILE_OPERATIONS: CTable<bindings::file_operations> =
    CTable::new(bindings::file_operations {
        owner: compat::this_module(),
        open: Some(open),
        release: Some(release),
        read_iter: Some(read_iter),
        poll: Some(poll),
        unlocked_ioctl: Some(ioctl),
        compat_ioctl: bindings::compat_ptr_ioctl,
        ..pin_init::zeroed()
    });

/// A registered character device; dropping it keeps new files from being opened.
///
/// # Invariants
///
/// `misc` is registered with the misc core.
#[pin_data(PinnedDrop)]
pub(super) struct CharDevice {
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    line: Arc<Line>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The misc core does its own locking, and may be called from any thread.
unsafe impl Send for CharDevice {}
// SAFETY: As above; nothing is changed through a shared reference.
unsafe impl Sync for CharDevice {}

impl CharDevice {
    /// Registers the character device of `line`.
    pub(super) fn new(line: Arc<Line>) -> impl PinInit<Self, Error> {
        let misc = bindings::miscdevice {
            minor: bindings::MISC_DYNAMIC_MINOR as c_int,
            name: lines::name(line.index).as_char_ptr(),
            fops: FILE_OPERATIONS.as_ptr(),
            // There is nothing to write to. Who else may read is for a udev rule to say.
            mode: 0o400,
            ..pin_init::zeroed()
        };
        try_pin_init!(Self {
            line,
            // INVARIANT: Registered here, or initialization fails.
            misc <- Opaque::try_ffi_init(move |place: *mut bindings::miscdevice| {
                // SAFETY: `place` is valid for writing, stays where it is, and is deregistered
                // before it goes. `line`, which open needs, is already there.
                unsafe {
                    place.write(misc);
                    to_result(bindings::misc_register(place))
                }
            }),
            _pin: PhantomPinned,
        })
    }
}

#[pinned_drop]
impl PinnedDrop for CharDevice {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}

/// # Safety
///
/// Called by the misc core on a file of a registered [`CharDevice`].
unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    if let Err(error) = door::enter() {
        return error.to_errno();
    }
    // SAFETY: The misc core leaves a pointer to the `miscdevice` there, and holds its lock during
    // this call, without which the device cannot be deregistered. It is the field of a `CharDevice`.
    let device = unsafe {
        &*(*file)
            .private_data
            .byte_sub(offset_of!(CharDevice, misc))
            .cast::<CharDevice>()
    };
    let line = device.line.clone();
    line.count_user(true);
    // SAFETY: The file is being opened, so its private data and its mode are ours to set.
    unsafe {
        (*file).private_data = line.into_foreign();
        (*file).f_mode |= ffi::fmode_nowait();
        bindings::stream_open(inode, file)
    }
}

/// The line of an open file.
///
/// # Safety
///
/// `file` was opened by [`open`] and is not being released.
unsafe fn line_of<'a>(file: *mut bindings::file) -> ArcBorrow<'a, Line> {
    // SAFETY: `open` has put a reference there.
    unsafe { Arc::<Line>::borrow((*file).private_data) }
}

/// # Safety
///
/// Called once by the VFS, at the end of a file that [`open`] opened.
unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: `open` has put a reference there, which is taken back here, once.
    let line = unsafe { Arc::<Line>::from_foreign((*file).private_data) };
    line.count_user(false);
    0
}

/// # Safety
///
/// Called by the VFS with a file that [`open`] opened, and a place to copy to.
unsafe extern "C" fn read_iter(kiocb: *mut bindings::kiocb, to: *mut bindings::iov_iter) -> isize {
    // SAFETY: The file is open during the call.
    let (line, file, flags) = unsafe {
        let file = (*kiocb).ki_filp;
        (line_of(file), File::from_raw_file(file), (*kiocb).ki_flags)
    };
    let may_wait = if flags & ffi::iocb_nowait() != 0 {
        MayWait::ForNothing
    } else if file.flags() & O_NONBLOCK != 0 {
        MayWait::NotForRecords
    } else {
        MayWait::ForAll
    };
    // SAFETY: The VFS passes a valid iterator over a destination.
    let to = unsafe { IovIterDest::from_raw(to) };
    match line.read(to, may_wait) {
        Ok(len) => isize::try_from(len).unwrap_or(isize::MAX),
        Err(error) => error.to_errno() as isize,
    }
}

/// FIONREAD: how many bytes a read would return now.
///
/// # Safety
///
/// Called by the VFS with a file that [`open`] opened.
unsafe extern "C" fn ioctl(file: *mut bindings::file, command: c_uint, argument: usize) -> c_long {
    if command != ffi::fionread() {
        return ENOTTY.to_errno() as c_long;
    }
    // SAFETY: The file is open during the call.
    let line = unsafe { line_of(file) };
    let bytes = c_int::try_from(line.readable_bytes()).unwrap_or(c_int::MAX);
    let to = UserSlice::new(UserPtr::from_addr(argument), size_of::<c_int>());
    match to.writer().write(&bytes) {
        Ok(()) => 0,
        Err(error) => error.to_errno() as c_long,
    }
}

/// # Safety
///
/// Called by the VFS with a file that [`open`] opened, and a valid or null table.
unsafe extern "C" fn poll(
    file: *mut bindings::file,
    table: *mut bindings::poll_table_struct,
) -> bindings::__poll_t {
    // SAFETY: As the caller promises; the file is open during the call.
    let (line, file, table) = unsafe {
        (
            line_of(file),
            File::from_raw_file(file),
            PollTable::from_raw(table),
        )
    };
    table.register_wait(file, &line.readable);
    let store = line.store.lock();
    let mut events = 0;
    if store.fifo.readable() != 0 {
        events |= bindings::POLLIN | bindings::POLLRDNORM;
    }
    if store.gone {
        events |= bindings::POLLHUP;
    }
    events
}
