// SPDX-License-Identifier: GPL-2.0-only

//! Character devices with read, poll and ioctl, and with reads that do not wait. Process context.
//!
//! The kernel crate's misc devices have no poll and do not support IOCB_NOWAIT. A file of these
//! devices holds a reference to the device's data, so it may outlive the registration: a driver can
//! be unbound while the device is open. The file also keeps the module loaded.

use super::{
    load_gate,
    module::this_module,
    shim,
    wait_queue::WaitQueue,
    CTable, //
};
use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    mem::offset_of, //
};
use kernel::{
    bindings,
    error::to_result,
    fs::file::flags::O_NONBLOCK,
    iov::IovIterDest,
    prelude::*,
    sync::{
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

/// FIONREAD, which differs between architectures.
pub(crate) const FIONREAD: u32 = shim::SIMRUPT_FIONREAD;

/// Whether a read may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It may wait without limit.
    Forever,
    /// It must not wait for records, but may wait for locks and memory (O_NONBLOCK).
    NotForData,
    /// It must not wait at all (IOCB_NOWAIT, from io_uring or RWF_NOWAIT).
    Never,
}

/// The state of a device, for poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readiness {
    /// Whether a read would find data.
    pub(crate) readable: bool,
    /// Whether the device is gone, so that no more data arrives.
    pub(crate) gone: bool,
}

/// The functions of a device. All open files share its data.
pub(crate) trait MiscDevice: Send + Sync + 'static {
    /// A file is being opened.
    fn open(&self);

    /// A file is closed for the last time.
    fn release(&self);

    /// Reads into `to`. Returns the number of bytes.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when it would have to wait and must not, and errors of the device.
    fn read(&self, to: &mut IovIterDest<'_>, wait: Wait) -> Result<usize>;

    /// The queue where callers of poll wait.
    fn poll_queue(&self) -> &WaitQueue;

    /// The state of the device now.
    fn readiness(&self) -> Readiness;

    /// The number of bytes that a read would return now: FIONREAD.
    fn readable_bytes(&self) -> usize;
}

/// A registered character device. After it is dropped, no new files can be opened.
///
/// # Invariants
///
/// `misc` is registered with the misc core.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: MiscDevice> {
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    device: Arc<T>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The misc core does its own locking, and any thread may call it.
unsafe impl<T: MiscDevice> Send for Registration<T> {}
// SAFETY: As above; nothing is changed through a shared reference.
unsafe impl<T: MiscDevice> Sync for Registration<T> {}

impl<T: MiscDevice> Registration<T> {
    /// Registers `/dev/<name>`, which root may read.
    ///
    /// # Errors
    ///
    /// The errors of misc_register().
    pub(crate) fn new(name: &'static CStr, device: Arc<T>) -> Result<Pin<KBox<Self>>> {
        let misc = bindings::miscdevice {
            minor: bindings::MISC_DYNAMIC_MINOR as c_int,
            name: name.as_char_ptr(),
            fops: Operations::<T>::TABLE.as_ptr(),
            // There is no write function. A udev rule lets others read.
            mode: 0o400,
            ..pin_init::zeroed()
        };
        KBox::pin_init(
            try_pin_init!(Self {
                device,
                // INVARIANT: Registered here, or initialization fails.
                misc <- Opaque::try_ffi_init(move |place: *mut bindings::miscdevice| {
                    // SAFETY: `place` is valid for writing, pinned, and deregistered before it is
                    // freed. `device`, which open needs, is already initialized.
                    unsafe {
                        place.write(misc);
                        to_result(bindings::misc_register(place))
                    }
                }),
                _pin: PhantomPinned,
            }? Error),
            GFP_KERNEL,
        )
    }
}

#[pinned_drop]
impl<T: MiscDevice> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}

/// The C side of the file operations.
struct Operations<T>(PhantomData<T>);

impl<T: MiscDevice> Operations<T> {
    const TABLE: &'static CTable<bindings::file_operations> =
        &CTable::new(bindings::file_operations {
            owner: this_module(),
            open: Some(Self::open),
            release: Some(Self::release),
            read_iter: Some(Self::read_iter),
            poll: Some(Self::poll),
            unlocked_ioctl: Some(Self::ioctl),
            compat_ioctl: bindings::compat_ptr_ioctl,
            ..pin_init::zeroed()
        });

    /// # Safety
    ///
    /// Called by the misc core on a file of a [`Registration<T>`].
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        let _entry = match load_gate::enter() {
            Ok(entry) => entry,
            Err(error) => return error.to_errno(),
        };
        // SAFETY: The misc core has put a pointer to the `miscdevice` there, which is a field of a
        // `Registration`. It holds its lock during this call, so the device is not deregistered
        // meanwhile.
        let registration = unsafe {
            &*(*file)
                .private_data
                .byte_sub(offset_of!(Registration<T>, misc))
                .cast::<Registration<T>>()
        };
        let device = registration.device.clone();
        device.open();
        // SAFETY: The file is being opened, so its private data and its mode are ours to set.
        unsafe {
            (*file).private_data = device.into_foreign();
            shim::simrupt_file_may_nowait(file);
            bindings::stream_open(inode, file)
        }
    }

    /// The device of an open file.
    ///
    /// # Safety
    ///
    /// `file` was opened by [`Self::open`] and is not being released.
    unsafe fn device_of<'a>(file: *mut bindings::file) -> ArcBorrow<'a, T> {
        // SAFETY: `open` has put a reference there.
        unsafe { Arc::<T>::borrow((*file).private_data) }
    }

    /// # Safety
    ///
    /// Called once by the VFS, at the last close of a file that [`Self::open`] opened.
    unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `open` has put a reference there. It is taken back here, and only here.
        let device = unsafe { Arc::<T>::from_foreign((*file).private_data) };
        device.release();
        0
    }

    /// # Safety
    ///
    /// Called by the VFS with a file that [`Self::open`] opened, and a destination.
    unsafe extern "C" fn read_iter(
        kiocb: *mut bindings::kiocb,
        to: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The file is open during the call, and the VFS passes a valid iterator over a
        // destination. No access here needs the lock of the file position: `stream_open` has told
        // the VFS that the file has no position.
        let (device, flags, nowait, to) = unsafe {
            let file = (*kiocb).ki_filp;
            (
                Self::device_of(file),
                (*file).f_flags,
                (*kiocb).ki_flags & shim::SIMRUPT_IOCB_NOWAIT as c_int != 0,
                IovIterDest::from_raw(to),
            )
        };
        let wait = match (nowait, flags & O_NONBLOCK != 0) {
            (true, _) => Wait::Never,
            (false, true) => Wait::NotForData,
            (false, false) => Wait::Forever,
        };
        match device.read(to, wait) {
            Ok(len) => isize::try_from(len).unwrap_or(isize::MAX),
            Err(error) => error.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// Called by the VFS with a file that [`Self::open`] opened.
    unsafe extern "C" fn ioctl(
        file: *mut bindings::file,
        command: c_uint,
        argument: usize,
    ) -> c_long {
        if command != FIONREAD {
            return ENOTTY.to_errno() as c_long;
        }
        // SAFETY: The file is open during the call.
        let device = unsafe { Self::device_of(file) };
        let bytes = c_int::try_from(device.readable_bytes()).unwrap_or(c_int::MAX);
        let to = UserSlice::new(UserPtr::from_addr(argument), size_of::<c_int>());
        match to.writer().write(&bytes) {
            Ok(()) => 0,
            Err(error) => error.to_errno() as c_long,
        }
    }

    /// # Safety
    ///
    /// Called by the VFS with a file that [`Self::open`] opened, and a valid or null table.
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> bindings::__poll_t {
        // SAFETY: As the caller promises. The file is open during the call, and holds a reference
        // to the device, which has the queue.
        let device = unsafe {
            let device = Self::device_of(file);
            device.poll_queue().register(file, table);
            device
        };
        let Readiness { readable, gone } = device.readiness();
        let mut events = 0;
        if readable {
            events |= bindings::POLLIN | bindings::POLLRDNORM;
        }
        if gone {
            events |= bindings::POLLHUP;
        }
        events
    }
}
